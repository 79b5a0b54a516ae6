import SANCore
import SANWeights
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Class embeddings that are kept from run to run, so that a name is put through the text tower once.
///
/// ```swift
/// let segmenter = try Segmenter(textCache: TextCache(folder: TextCache.userFolder))
/// ```
///
/// An embedding counts only for the model, the template sentences, the class text and the kernel set that it was
/// computed with; it is then the same to the last bit, whatever names it was computed beside. Entries are checked as they
/// are read: what is damaged or cannot be read is computed again. The embeddings of COCO-Stuff's 171 names with the embedded model and ViLD's
/// templates come with the package and are what every segmenter uses, with a cache or without.
///
/// The folder holds a file for each model, template set and kernel set, of 16 MB at most: where more is to be kept,
/// the oldest entries go. Any number of processes and threads may share a folder: files are replaced in one step, and
/// where two processes write at once, the later one's stays. The folder may be deleted at any time.
public final class TextCache: Sendable {
  /// Where embeddings are kept; nil where none are written.
  public let folder: String?

  private let problemState = Mutex<OutputFileError?>(nil)
  /// One writer at a time within the process, so that none undoes another's work.
  private let writer = Mutex(())

  /// A cache in `folder`, which is made when first needed.
  ///
  /// - Parameter folder: nil to write nothing.
  public init(folder: String?) { self.folder = folder }

  /// The user's folder for this: `san` in `XDG_CACHE_HOME`, else in `~/.cache` or, on macOS, `~/Library/Caches`; nil
  /// where the environment names no home.
  public static var userFolder: String? {
    let environment = ProcessInfo.processInfo.environment
    func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    if let caches = absolute("XDG_CACHE_HOME") { return "\(caches)/san" }
    #if os(macOS)
      return absolute("HOME").map { "\($0)/Library/Caches/san" }
    #else
      return absolute("HOME").map { "\($0)/.cache/san" }
    #endif
  }

  /// Why embeddings could not be kept, if that happened.
  public var problem: OutputFileError? { problemState.withLock { $0 } }

  /// The embeddings of the embedded model that come with the package, below its resource folder.
  package static let shippedName = "\(SANWeights.defaultModel)/coco-stuff-171.text"

  /// The embeddings that come with the package, of the classes whose digests are given, in their order.
  package static func shipped(_ digests: [[UInt8]], key: TextCacheKey) -> [CachedEmbedding?] {
    guard let path = try? SANWeights.path(shippedName), let bytes = TextCacheFile.contents(of: path),
      let file = TextCacheFile(bytes, key: key, kernels: nil)
    else { return digests.map { _ in nil } }
    let found = file.entries(Set(digests))
    return digests.map { found[$0] }
  }

  /// The embeddings in the folder, of the classes whose digests are given, in their order.
  package func kept(
    _ digests: [[UInt8]], key: TextCacheKey, kernels: KernelSet = .current
  ) -> [CachedEmbedding?] {
    guard !digests.isEmpty, let file = stored(key, kernels) else { return digests.map { _ in nil } }
    let found = file.entries(Set(digests))
    return digests.map { found[$0] }
  }

  /// Keeps embeddings. Where that fails, ``problem`` says why.
  package func store(
    _ added: [(digest: [UInt8], value: CachedEmbedding)], key: TextCacheKey, kernels: KernelSet = .current
  ) {
    guard let folder, let path = path(for: key, kernels), !added.isEmpty else { return }
    // Where this fails, so does the next step, which says why.
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    writer.withLock { _ in
      // What others have added since is kept.
      let file =
        stored(key, kernels) ?? TextCacheFile(key: key, kernels: TextCache.maker(kernels.description))
      do throws(OutputFileError) {
        guard !TextCacheFile.isSpecial(path) else {
          throw .failed(path: path, reason: "it is a pipe or device")
        }
        try AtomicFile.write(file.appending(added), to: path, durable: false)
      } catch {
        problemState.withLock { $0 = $0 ?? error }
      }
    }
  }

  /// What a file says of the kernels that made it: their name and revision, or of a longer one a digest.
  package static func maker(_ name: String, revision: Int = KernelSet.revision) -> String {
    let whole = "\(name)-\(revision)"
    let limit = TextCacheFile.kernelsCount
    return whole.utf8.count <= limit
      ? whole : String(SHA256.digest(Array(whole.utf8)).hexadecimal.prefix(limit))
  }

  /// The file for `key` in the folder.
  private func path(for key: TextCacheKey, _ kernels: KernelSet) -> String? {
    folder.map { "\($0)/\(key.hexadecimal)-\(TextCache.maker(kernels.description)).text" }
  }

  private func stored(_ key: TextCacheKey, _ kernels: KernelSet) -> TextCacheFile? {
    path(for: key, kernels).flatMap(TextCacheFile.contents).flatMap {
      TextCacheFile($0, key: key, kernels: TextCache.maker(kernels.description))
    }
  }
}
