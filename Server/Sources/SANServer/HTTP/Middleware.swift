import HTTPTypes
import Hummingbird
import Logging

/// One line of the log for each request, and its place in the figures; no query, which has people's words.
struct RequestLog<Context: RequestContext>: RouterMiddleware {
  let metrics: Metrics
  /// The addresses whose requests are counted by themselves.
  let paths: Set<String>

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    let response = try await next(request, context)
    let time = ContinuousClock.now - start
    let path = request.uri.path
    metrics.count(path: paths.contains(path) ? path : "other", status: response.status.code, time: time)
    let milliseconds = (time / .milliseconds(1)).rounded()
    context.logger.info(
      "\(request.method.rawValue) \(path.prefix(200)) \(response.status.code) \(Int(milliseconds)) ms",
      metadata: [
        "in": "\(request.headers[.contentLength] ?? "-")", "out": "\(response.body.contentLength ?? 0)",
      ])
    return response
  }
}

/// What all answers say to browsers: take types as they are told, run nothing from elsewhere, ask before what was kept is used
/// again.
struct SecurityHeaders<Context: RequestContext>: RouterMiddleware {
  private static var policy: String {
    """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    """
  }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    response.headers[.contentSecurityPolicy] = SecurityHeaders.policy
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-cache" }
    return response
  }
}

/// Refuses addresses that the file system would cut short.
struct PlainPath<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if request.uri.path.contains("%00") { throw HTTPError(.badRequest) }
    return try await next(request, context)
  }
}

/// Errors as JSON with the engine's text; what is this server's fault goes to its log alone.
struct ErrorAnswers<Context: RequestContext>: RouterMiddleware {
  /// The methods of each address.
  let methods: [String: [HTTPRequest.Method]]

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      guard let told = ServerError(telling: error) else {
        context.logger.error("\(request.method.rawValue) \(request.uri.path.prefix(200)): \(error)")
        return ServerError(
          .internalServerError, .internal,
          "the server has failed at this; its log says why, under the number \(context.id)"
        ).response
      }
      if told.kind == .notFound, let allowed = methods[request.uri.path], !allowed.contains(request.method) {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return ServerError(
          .methodNotAllowed, .methodNotAllowed, "this address takes \(names)", headers: [.allow: names]
        ).response
      }
      return told.response
    }
  }
}

/// Takes a place in the line for as long as a request is worked on.
struct PlaceInLine<Context: RequestContext>: RouterMiddleware {
  let line: WaitingLine

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    try line.enter()
    defer { line.leave() }
    return try await next(request, context)
  }
}

/// Cancels what works on a request whose client goes away. The connection is closed after the answer, as watching it takes
/// what the client sends next. What follows must read the body.
struct DepartureWatch<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await request.body.consumeWithCancellationOnInboundClose { body in
        var request = request
        request.body = body
        return try await next(request, context)
      }
    } catch is CancellationError {
      response = ServerError.clientGone.response
    }
    response.headers[.connection] = "close"
    return response
  }
}

/// Lets in who has the token.
struct TokenCheck<Context: RequestContext>: RouterMiddleware {
  let token: String

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let given = request.headers[.authorization] ?? ""
    let scheme = "bearer "
    guard given.lowercased().hasPrefix(scheme),
      TokenCheck.isEqual(Array(given.dropFirst(scheme.count).utf8), Array(token.utf8))
    else {
      throw ServerError(
        .unauthorized, .unauthorized,
        "this server asks for its token: send it as the header Authorization: Bearer TOKEN",
        headers: [.wwwAuthenticate: "Bearer realm=\"san\""])
    }
    return try await next(request, context)
  }

  /// Whether two texts are the same, in a time that depends on the length of what was given alone.
  static func isEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
    var difference = given.count ^ token.count
    for (index, byte) in given.enumerated() {
      difference |= Int(byte ^ (token.isEmpty ? 0 : token[index % token.count]))
    }
    return difference == 0
  }
}
