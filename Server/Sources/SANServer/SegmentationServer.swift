import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import SANInference

/// Segmentation over HTTP: the interface under `/v1`, and a page at `/` that uses it. `openapi.json` describes it.
public struct SegmentationServer: Sendable {
  private let desk: SegmentationDesk
  private let line: WaitingLine
  private let limits: ServerLimits
  private let token: String?
  private let logger: Logger
  private let metrics = Metrics()
  private let description: Data

  private typealias Context = BasicRequestContext

  /// The methods of each address; `GET` has `HEAD` with it.
  private static let methods: [String: [HTTPRequest.Method]] = [
    "/v1/segment": [.post], "/v1/encode": [.post], "/v1/models": [.get, .head], "/health": [.get, .head],
    "/metrics": [.get, .head], "/openapi.json": [.get, .head], "/": [.get, .head],
  ]

  /// A server, which does not listen yet.
  ///
  /// - Parameters:
  ///   - segmenters: the models, at least one, of different names; the first is used unless a question names another.
  ///   - limits: how much it takes.
  ///   - token: what clients must send to ask anything; nil where all may.
  ///   - logger: takes one line a request.
  /// - Throws: where the package's own files are missing.
  public init(
    _ segmenters: [Segmenter], limits: ServerLimits = ServerLimits(), token: String? = nil, logger: Logger
  ) throws {
    precondition(Set(segmenters.map(\.name)).count == segmenters.count, "models have different names")
    desk = SegmentationDesk(segmenters, limits: limits)
    line = WaitingLine(runs: limits.runs, waiting: limits.waiting)
    (self.limits, self.token, self.logger) = (limits, token, logger)
    description = try Data(contentsOf: Bundle.module.bundleURL.appendingPathComponent("openapi.json"))
  }

  /// Listens until SIGTERM or SIGINT comes, and returns when what ran then is answered.
  ///
  /// - Parameters:
  ///   - host: the address to listen at.
  ///   - port: 0 for any that is free.
  ///   - onRunning: gets the port as soon as clients can connect.
  /// - Throws: where it cannot listen.
  public func run(
    host: String, port: Int, onRunning: @escaping @Sendable (_ port: Int) async -> Void
  ) async throws {
    let limits = limits
    var configuration = ApplicationConfiguration(address: .hostname(host, port: port))
    configuration.availableConnectionsDelegate = MaximumAvailableConnections(
      limits.connections, logger: logger)
    let application = Application(
      router: router(),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [Expectation(bodyBytes: limits.bodyBytes)], idleTimeout: .seconds(30))),
      configuration: configuration,
      onServerRunning: { await onRunning($0.localAddress?.port ?? port) },
      logger: logger)
    let photos = desk.photos
    let pruning = Task {
      while true {
        try await Task.sleep(for: .seconds(15))
        photos.prune()
      }
    }
    defer { pruning.cancel() }
    try await application.runService()
  }

  private func router() -> Router<Context> {
    let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: RequestLog(metrics: metrics, paths: Set(Self.methods.keys)))
    router.add(middleware: SecurityHeaders())
    router.add(middleware: ErrorAnswers(methods: Self.methods))
    router.add(middleware: PlainPath())
    router.add(
      middleware: FileMiddleware(
        Bundle.module.bundleURL.appendingPathComponent("Public").path, searchForIndexHtml: true,
        logger: logger))
    router.get("health") { _, _ in Response.json(["status": "ok"]) }
    router.get("openapi.json") { _, _ in Response.bytes(description, type: "application/json") }

    // Within a group, so that it is the route that is guarded, however its address is written.
    let guarded = router.group()
    if let token { guarded.add(middleware: TokenCheck(token: token)) }
    guarded.get("metrics") { _, _ in
      let (counts, kept) = (line.counts, desk.photos.contents)
      let gauges = Metrics.Gauges(
        running: counts.running, waiting: counts.waiting, keptPhotos: kept.count, keptBytes: kept.bytes)
      return Response.bytes(metrics.text(gauges).utf8, type: "text/plain; version=0.0.4; charset=utf-8")
    }
    guarded.get("v1/models") { _, _ in Response.json(Inventory(desk.segmenters, limits: limits)) }
    let questions = guarded.group()
    questions.add(middleware: PlaceInLine(line: line))
    questions.add(middleware: DepartureWatch())
    questions.add(middleware: ErrorAnswers(methods: [:]))
    questions.post("v1/encode") { request, _ in try await inTime { try await encode(request) } }
    questions.post("v1/segment") { request, _ in try await inTime { try await segment(request) } }
    return router
  }

  /// Does `work` in the time that a question may take.
  private func inTime(_ work: @escaping @Sendable () async throws -> Response) async throws -> Response {
    let late = ServerError(
      .serviceUnavailable, .timeout,
      "there is no answer after \(limits.totalTime.components.seconds) s; try again later, with a smaller photo or fewer "
        + "classes")
    return try await within(limits.totalTime, orThrow: late, work)
  }

  private func encode(_ request: Request) async throws -> Response {
    let upload = try await Upload(request, body: request.body, parameters: ["model"], limits: limits)
    guard let photo = upload.photo else { throw Self.noPhoto }
    let segmenter = try desk.segmenter(upload.fields.one("model"))
    let control = RunControl()
    let (encoded, notes) = try await line.withTurn {
      try await onThread(control) { try desk.encode(photo, with: segmenter, control: control) }
    }
    let size = encoded.encoded.size
    let answer = KeptPhotoAnswer(
      photo: try desk.photos.keep(encoded), width: size.width, height: size.height, model: encoded.model,
      keptSeconds: Int(limits.keptTime.components.seconds), notes: notes)
    return .json(answer, status: .created)
  }

  private func segment(_ request: Request) async throws -> Response {
    let upload = try await Upload(
      request, body: request.body, parameters: Question.parameters + ["photo", "model"], limits: limits)
    let question = try Question(upload.fields, limits: limits)
    let form = try AnswerForm(Accept(request.headers[.accept]), outputs: question.outputs)
    let model = try upload.fields.one("model")
    let control = RunControl()
    switch (upload.photo, try upload.fields.one("photo")) {
    case (nil, nil): throw Self.noPhoto
    case (.some, .some):
      throw ServerError.badArgument("photo: is not allowed together with a photo; send one of them")
    case (.some(let photo), nil):
      let segmenter = try desk.segmenter(model)
      return try await line.withTurn {
        try await onThread(control) {
          try desk.answer(question, about: photo, with: segmenter, control: control).response(form)
        }
      }
    case (nil, .some(let name)):
      let photo = try desk.photos.photo(name)
      if let model, model != photo.model {
        throw ServerError.badArgument(
          "model: the photo was encoded by \(photo.model); leave the parameter out")
      }
      return try await line.withTurn {
        try await onThread(control) {
          try desk.answer(question, about: photo, control: control).response(form)
        }
      }
    }
  }

  private static let noPhoto = ServerError.badArgument(
    "no photo: send its file as the body, as field image of a multipart form, or name one that is kept with photo"
  )
}

/// What is told of a photo that is kept.
private struct KeptPhotoAnswer: Encodable {
  let photo: String
  let width, height: Int
  let model: String
  let keptSeconds: Int
  /// What was odd about the file.
  let notes: [String]
}

/// What this server has, and how much it takes.
private struct Inventory: Encodable {
  struct Model: Encodable {
    let name: String
    let precision: String
    let parameters: Int
    let shortSide: Int
  }

  struct Limits: Encodable {
    let bodyBytes, pixels, names, nameLength: Int
  }

  let models: [Model]
  let vocabularies: [String]
  let limits: Limits

  init(_ segmenters: [Segmenter], limits: ServerLimits) {
    models = segmenters.map {
      Model(
        name: $0.name, precision: $0.precision.rawValue, parameters: $0.model.configuration.parameterCount,
        shortSide: $0.defaultShortSide)
    }
    vocabularies = Vocabularies.all
    self.limits = Limits(
      bodyBytes: limits.bodyBytes, pixels: limits.pixels, names: limits.names, nameLength: limits.nameLength)
  }
}
