import ArgumentParser
import SANInference

/// Where the embeddings of class names are kept from run to run.
struct CacheOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Folder that keeps the embeddings of class names for later runs. (default: san in the user's cache folder)
      """,
      valueName: "folder"),
    completion: .directory)
  var cache: String?

  @Flag(help: "Neither use nor keep embeddings of class names from run to run. (default: off)")
  var noCache = false

  func validate() throws {
    if noCache && cache != nil {
      throw ValidationError("--cache: is not allowed together with --no-cache; leave one out")
    }
    if cache == "" { throw ValidationError("--cache: is empty; name a folder") }
  }

  /// The cache; nil to do without.
  func makeCache() -> TextCache? { noCache ? nil : TextCache(folder: cache ?? TextCache.userFolder) }

  /// Tells why embeddings could not be kept, if that happened: what is wrong with the folder before what came of it.
  func noteProblem(of textCache: TextCache?) {
    guard let textCache, let problem = textCache.problem else { return }
    var text = "\(problem)"
    do {
      if let folder = textCache.folder { try OutputFolder(option: "--cache", path: folder).requireWritable() }
    } catch {
      text = "\(error)"
    }
    Console.note("san-cli: note: the embeddings of class names are not kept: \(text)")
  }
}
