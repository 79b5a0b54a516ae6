import Crypto
import SANCore
import SANInference

/// SHA-256, as hexadecimal digits.
///
/// swift-crypto's, which has the processor's own instructions: 1.5 GB/s where plain Swift, such as the library has for its
/// text cache, reaches 0.3, and models are files of gigabytes. The library itself does without the dependency.
struct Digest {
  private var hash = Crypto.SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

  mutating func update(_ text: String) { hash.update(data: Array(text.utf8)) }

  /// The digest of all that was taken in.
  func finish() -> String { hash.finalize().hexadecimal }

  static func of(_ bytes: [UInt8]) -> String { Crypto.SHA256.hash(data: bytes).hexadecimal }

  static func of(_ text: String) -> String { of(Array(text.utf8)) }

  /// The digest that a command line gives: 64 hexadecimal digits, of either case.
  static func parse(_ text: String) throws -> String {
    let digits = text.lowercased()
    guard digits.utf8.count == 64, digits.allSatisfy({ "0123456789abcdef".contains($0) }) else {
      throw UsageError("--sha256", "\(text) is no SHA-256, which has 64 hexadecimal digits")
    }
    return digits
  }
}

/// SHA-256 of files.
enum FileDigest {
  /// Bytes hashed at a time: between two pieces, progress is shown and memory given back.
  private static let pieceCount = 64 << 20

  /// The SHA-256 of `file`, which is called `name` on a terminal.
  static func sha256(of file: MappedFile, name: String) throws -> String {
    var digest = Digest()
    for start in stride(from: 0, to: file.byteCount, by: pieceCount) {
      try Interruption.check()
      Console.show("SHA-256 of \(name): \(start * 100 / file.byteCount) %")
      let piece = UnsafeRawBufferPointer(
        rebasing: file.bytes[start..<min(start + pieceCount, file.byteCount)])
      digest.update(piece)
      file.discard(piece)
    }
    return digest.finish()
  }

  /// The SHA-256 of the file at `path`, without progress.
  static func quick(ofFileAt path: String) throws -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) {
      var digest = Digest()
      digest.update(file.bytes)
      return digest.finish()
    }
  }

  /// The SHA-256 of the file at `path`.
  static func sha256(ofFileAt path: String) throws -> String {
    try sha256(of: MappedFile(path: path), name: Path.name(of: path))
  }

  private static let sampleCount = 256
  private static let sampleLength = 4096

  /// Tells files apart without reading large ones whole: a digest of the file's size and of samples at even distances from its start to its end, of all of it where that is
  /// no more. Training changes whole tensors, so no sample of a model's weights stays the same.
  static func fingerprint(of path: String) throws -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) {
      let bytes = file.bytes
      var digest = Digest()
      digest.update("\(bytes.count)\n")
      if bytes.count <= sampleCount * sampleLength {
        digest.update(bytes)
      } else {
        let last = bytes.count - sampleLength
        for sample in 0..<sampleCount {
          let start =
            last / (sampleCount - 1) * sample + last % (sampleCount - 1) * sample / (sampleCount - 1)
          digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + sampleLength]))
        }
      }
      return digest.finish()
    }
  }
}
