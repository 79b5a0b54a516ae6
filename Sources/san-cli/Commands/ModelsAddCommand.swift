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

  @OptionGroup
  var modelConfiguration: ConfigOption

  @Flag(help: "No progress on standard error, only errors. (default: off)")
  var quiet = false

  func run() throws {
    if quiet { Console.silence() }
    let wanted = try sha256.map(Digest.parse)
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
          source, digest: digest, as: name, source: Path.name(of: file),
          configuration: modelConfiguration.config)
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

/// `san-cli models download`: the only command that uses the network.
struct ModelsDownloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download", abstract: "Downloads a model and installs it.",
    discussion: """
      What has come stays where a download is stopped, and the same command goes on from there. The file's SHA-256 is \
      checked before it is used; a file whose SHA-256 is not published is only taken with --sha256 or --trust.
      """)

  @Argument(
    help: "The model's name, as san-cli models lists it; any other name with --url.",
    completion: .list(KnownModel.all.map(\.name)))
  var name: String

  @Option(help: ArgumentHelp("Where the file is. (default: where it was published)", valueName: "address"))
  var url: String?

  @Option(
    help: ArgumentHelp("The SHA-256 that the file must have. (default: the published one)", valueName: "hash")
  )
  var sha256: String?

  @Flag(help: "Accept a file whose SHA-256 is not known, and record the one it has. (default: off)")
  var trust = false

  @OptionGroup
  var modelConfiguration: ConfigOption

  @Flag(help: "No progress on standard error, only errors. (default: off)")
  var quiet = false

  func validate() throws {
    if trust && sha256 != nil {
      throw ValidationError("--trust: is not allowed together with --sha256; leave one out")
    }
  }

  func run() throws {
    if quiet { Console.silence() }
    try ModelInstaller.check(name: name, option: "<name>")
    let known = KnownModel[name]
    guard let address = url ?? known?.url else {
      let names = KnownModel.all.map(\.name).joined(separator: ", ")
      throw UsageError(
        "<name>", "\(name) is not a published model, which are \(names); give its address with --url")
    }
    let wanted = try wantedDigest(known)
    let installer = try ModelInstaller()
    func isInstalled() throws -> Bool {
      try installer.has(name) { record in
        wanted.map { $0 == record.sourceDigest } ?? (record.source == address)
      }
    }
    if try isInstalled() {
      Console.note("san-cli: note: \(name) is installed already")
    } else {
      try installer.makeFolder()
      try ModelLock.hold(name, in: installer.folder) {
        // Another run may have installed it meanwhile.
        if try isInstalled() { return }
        try fetch(address, into: installer.folder)
        try install(with: installer, wanted: wanted, address: address)
      }
    }
    try Console.write("\(name)\n")
  }

  /// The SHA-256 that the file has to have; nil where any will do.
  private func wantedDigest(_ known: KnownModel?) throws -> String? {
    if let sha256 { return try Digest.parse(sha256) }
    if case .whole(let digest) = known?.checksum { return digest }
    guard trust else {
      var problem = "no SHA-256 of \(name) is published"
      if let known { problem += " but its beginning, \(known.checksum.text.prefix(8)), which is checked" }
      throw UsageError(
        "--sha256",
        "\(problem); give the file's SHA-256, or accept what comes and record its own with --trust")
    }
    return nil
  }

  /// Brings what is missing of the file. What has come of it stays.
  private func fetch(_ address: String, into folder: String) throws {
    do {
      try Fetch(name: name, address: address, part: ModelPart.path(of: name, in: folder)).run()
    } catch {
      if let part = ModelPart(of: name, in: folder) {
        if part.byteCount == 0 {
          part.remove()
        } else if error is CancellationError {
          Console.note("san-cli: note: \(name): \(part.amount) are kept; the same command goes on from there")
        }
      }
      if let error = error as? FetchError, error.kind == "usage" {
        throw UsageError("--url", error.description)
      }
      throw error
    }
  }

  /// Installs what has come, and takes the download away where its content is to blame for a failure.
  private func install(with installer: ModelInstaller, wanted: String?, address: String) throws {
    let part = ModelPart.path(of: name, in: installer.folder)
    do {
      let file = try MappedFile(path: part, name: address)
      let digest = try FileDigest.sha256(of: file, name: name)
      try ModelInstaller.check(digest: digest, wanted: wanted, name: name, file: address)
      try installer.install(
        file, digest: digest, as: name, source: address, configuration: modelConfiguration.config)
      if wanted == nil { Console.note("san-cli: note: the file's SHA-256, now recorded, is \(digest)") }
    } catch let error where error is DigestError || error is CheckpointError && wanted == nil {
      ModelPart(of: name, in: installer.folder)?.remove()
      throw error
    }
    ModelPart(of: name, in: installer.folder)?.remove()
  }
}
