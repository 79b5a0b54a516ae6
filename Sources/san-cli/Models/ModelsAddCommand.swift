import ArgumentParser
import SANCore
import SANInference

/// `san-cli models add`: a model file becomes a model with a name.
struct ModelsAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Installs a model file under a name.",
    discussion: """
      The file is read whole and checked as it is before a run, and kept as safetensors in the precision it has; the \
      file itself is left as it is. A name that is taken is not given again.
      """)

  @Argument(help: "The model file: .pth or .safetensors.", completion: .file())
  var file: String

  @Option(help: "The model's name. (default: the published model's that the file is, else the file's name)")
  var name: String?

  @Option(help: ArgumentHelp("The SHA-256 that the file must have. (default: any)", valueName: "hash"))
  var sha256: String?

  @Option(help: "The model's config.json. (default: beside or inside the model file)", completion: .file())
  var config: String?

  @Flag(help: "No progress on standard error, only errors. (default: off)")
  var quiet = false

  func run() throws {
    if quiet { Console.silence() }
    let wanted = try sha256.map(FileDigest.parse)
    if let name { try ModelInstaller.check(name: name, option: "--name") }
    let installer = try ModelInstaller()
    let source = try MappedFile(path: file)
    let digest = try FileDigest.sha256(of: source, name: file)
    let name = try name ?? defaultName(digest: digest)
    try ModelInstaller.check(digest: digest, wanted: wanted, name: name, file: file)
    try installer.makeFolder()
    try ModelLock.hold(name, in: installer.folder) {
      if try installer.has(name, where: { $0.sourceDigest == digest }) {
        Console.note("san-cli: note: \(name) is installed already, from the same file")
      } else {
        try installer.install(
          source, digest: digest, as: name, source: Path.name(of: file), configuration: config)
      }
    }
    try Console.write("\(name)\n")
  }

  private func defaultName(digest: String) throws -> String {
    if let known = KnownModel.with(digest: digest) { return known.name }
    let stem = Path.stem(of: file)
    guard ModelStore.isName(stem) else {
      throw UsageError("--name", "the file's name, \(stem), cannot be a model's; give one")
    }
    try ModelInstaller.check(name: stem, option: "--name")
    return stem
  }
}
