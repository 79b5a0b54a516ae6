import ArgumentParser
import Foundation
import Logging
import SANCore
import SANInference
import SANServer
import SANWeights

/// The program: options, and the server that they describe.
@main
struct SanServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "san-server",
    abstract: "Segments photos over HTTP, with a page to try it on.",
    discussion: """
      It listens on this machine alone unless --host says otherwise. Where the environment variable SAN_TOKEN is set, clients \
      must send it as "Authorization: Bearer TOKEN". The address goes to standard output, the log to standard error. SIGTERM \
      and Ctrl-C let what runs finish.
      """)

  @Option(
    help: ArgumentHelp("The address to listen at; 0.0.0.0 for all of this machine's.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: "The port; 0 for any that is free.", transform: number(0...65_535))
  var port = 8080

  @Option(
    help: ArgumentHelp(
      "An installed model's name or a model file. May be given several times; questions that name none use the first.",
      valueName: "name|path"))
  var model = [SANWeights.defaultModel]

  @Option(help: ArgumentHelp("In what the network computes: f32, or int8.", valueName: "f32|int8"))
  var precision = Precision.float32

  @Option(
    help: "Threads to compute with. (default: one for each processor)",
    transform: number(Segmenter.allowedThreads))
  var threads: Int?

  @Option(help: "Questions that are worked on at once.", transform: number(1...64))
  var runs = ServerLimits().runs

  @Option(
    help: "Questions that may wait or arrive beside these; further ones get status 429.",
    transform: number(0...10_000))
  var waiting = ServerLimits().waiting

  @Option(
    help: ArgumentHelp("Megabytes (10⁶ bytes) of a request's body.", valueName: "MB"),
    transform: number(1...2000))
  var maxBody = ServerLimits().bodyBytes / 1_000_000

  @Option(
    help: ArgumentHelp("Millions of pixels of a photo.", valueName: "Mpx"), transform: number(1...268))
  var maxPixels = ServerLimits().pixels / 1_000_000

  @Option(help: "Names of classes, synonyms and background in a question.", transform: number(1...65_535))
  var maxNames = ServerLimits().names

  @Option(
    help: ArgumentHelp("Seconds that a question may take, waiting included.", valueName: "s"),
    transform: number(1...86_400))
  var time = Int(ServerLimits().totalTime.components.seconds)

  @Option(
    help: ArgumentHelp("Minutes that an encoded photo is kept after its last use.", valueName: "min"),
    transform: number(1...1440))
  var keepMinutes = Int(ServerLimits().keptTime.components.seconds / 60)

  @Option(help: "Encoded photos that are kept.", transform: number(0...100_000))
  var keepPhotos = ServerLimits().keptPhotos

  @Option(
    help: ArgumentHelp("Megabytes (10⁶ bytes) of memory for them.", valueName: "MB"),
    transform: number(1...1_000_000))
  var keepMemory = ServerLimits().keptBytes / 1_000_000

  @Option(
    help: ArgumentHelp(
      "Folder that keeps the embeddings of class names. (default: san in the user's cache folder)",
      valueName: "folder"))
  var cache: String?

  @Flag(help: "Neither use nor keep embeddings of class names from run to run. (default: off)")
  var noCache = false

  func validate() throws {
    if noCache && cache != nil {
      throw ValidationError("--cache: is not allowed together with --no-cache; leave one out")
    }
  }

  func run() async throws {
    LoggingSystem.bootstrap(StreamLogHandler.standardError)
    let logger = Logger(label: "san-server")
    let token = ProcessInfo.processInfo.environment["SAN_TOKEN"]
    if token == "" {
      try Self.fail(64, "SAN_TOKEN is set but empty: give it a value, or unset it to let everybody in")
    }
    let server: SegmentationServer
    do {
      server = try SegmentationServer(loadModels(), limits: limits, token: token, logger: logger)
    } catch {
      return try Self.fail(Self.status(of: error), "\(error)")
    }
    if token == nil && !Self.isLoopback(host) {
      logger.warning(
        "\(host) can be reached from other machines, and there is no SAN_TOKEN: everybody there is let in")
    }
    do {
      try await server.run(host: host, port: port) { port in
        print("http://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        fflush(nil)
      }
    } catch {
      try Self.fail(
        69, "cannot listen at \(host), port \(port): \(error); choose others with --host and --port")
    }
  }

  private func loadModels() throws -> [Segmenter] {
    let textCache = noCache ? nil : TextCache(folder: cache ?? TextCache.userFolder)
    var loaded: [Segmenter] = []
    for name in model {
      let isFile = ModelStore.standard.model(name) == nil && FileManager.default.fileExists(atPath: name)
      let segmenter = try Segmenter(
        model: isFile ? .path(name) : .named(name), precision: precision, threads: threads,
        textCache: textCache,
        maximumConcurrentRuns: runs)
      if loaded.contains(where: { $0.name == segmenter.name }) {
        throw ValidationError("--model: two models are called \(segmenter.name); give one of them")
      }
      loaded.append(segmenter)
    }
    return loaded
  }

  private var limits: ServerLimits {
    var limits = ServerLimits()
    (limits.runs, limits.waiting, limits.names) = (runs, waiting, maxNames)
    (limits.bodyBytes, limits.pixels) = (maxBody * 1_000_000, maxPixels * 1_000_000)
    limits.totalTime = .seconds(time)
    (limits.keptPhotos, limits.keptBytes) = (keepPhotos, keepMemory * 1_000_000)
    limits.keptTime = .seconds(keepMinutes * 60)
    return limits
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  /// The exit status of an error, as `sysexits.h` numbers them.
  private static func status(of error: any Error) -> Int32 {
    switch ErrorCategory(of: error) {
    case .badArgument: 64
    case .damaged: 65
    case .notFound: 66
    case .cannotCreate: 73
    case .inputOutput: 74
    case .internal, .cancelled: error is ValidationError ? 64 : 70
    }
  }

  private static func fail(_ status: Int32, _ message: String) throws {
    FileHandle.standardError.write(Data("san-server: \(message)\n".utf8))
    throw ExitCode(status)
  }
}

extension Precision: @retroactive ExpressibleByArgument {}

/// Reads a whole number in a range.
private func number(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
  { text in
    guard let number = Int(text), range.contains(number) else {
      throw ValidationError(
        "\"\(text)\" is not allowed; whole numbers of \(range.lowerBound) to \(range.upperBound) are")
    }
    return number
  }
}
