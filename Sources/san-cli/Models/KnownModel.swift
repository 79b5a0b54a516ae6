import SANCore
import SANInference
import SANWeights

/// A model that is published somewhere: what is known of it without having it.
struct KnownModel: Sendable {
  /// How much of the file's SHA-256 is known.
  enum Checksum: Sendable, Hashable {
    case whole(String)
    /// Its first digits, which the publisher put in the file's name.
    case beginning(String)

    /// Whether `digest`, in hexadecimal, is the file's as far as is known.
    func fits(_ digest: String) -> Bool {
      switch self {
      case .whole(let known): digest == known
      case .beginning(let known): digest.hasPrefix(known)
      }
    }

    var text: String {
      switch self {
      case .whole(let known): known
      case .beginning(let known): "\(known)… (no more is published)"
      }
    }
  }

  let name: String
  let sizes: SANConfiguration
  /// The published file's size, where it is known.
  let byteCount: Int?
  let licence: String
  let url: String
  let checksum: Checksum

  /// The models that can be downloaded.
  static let all = [
    KnownModel(
      name: "san-vit-b16", sizes: .vitB16, byteCount: 698_678_283, licence: "MIT",
      url: "https://huggingface.co/Mendel192/san/resolve/main/san_vit_b_16.pth",
      checksum: .whole("d616d2767b206d66b70a7742398c9b818beaf9742e134894449196af11bf19da")),
    KnownModel(
      name: "san-vit-l14", sizes: .vitL14, byteCount: 1_821_680_110, licence: "MIT",
      url: "https://huggingface.co/Mendel192/san/resolve/main/san_vit_large_14.pth",
      checksum: .whole("dd605f75f8ec66a107164b064c3ef217deae2848349dc52e6eab6f0b071bf12c")),
    // OpenMMLab names a file by the first digits of its SHA-256, and publishes no more of it.
    KnownModel(
      name: "san-vit-b16-mmseg", sizes: .vitB16, byteCount: nil, licence: "Apache-2.0",
      url: "https://download.openmmlab.com/mmsegmentation/v0.5/san/san-vit-b16_20230906-fd0a7684.pth",
      checksum: .beginning("fd0a7684")),
    KnownModel(
      name: "san-vit-l14-mmseg", sizes: .vitL14, byteCount: nil, licence: "Apache-2.0",
      url: "https://download.openmmlab.com/mmsegmentation/v0.5/san/san-vit-l14_20230907-a11e098f.pth",
      checksum: .beginning("a11e098f")),
  ]

  /// The model `name`, if it is known.
  static subscript(name: String) -> KnownModel? { all.first { $0.name == name } }

  /// The model whose file has this SHA-256, in hexadecimal.
  static func with(digest: String) -> KnownModel? { all.first { $0.checksum.fits(digest) } }
}
