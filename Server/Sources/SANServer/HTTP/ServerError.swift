import HTTPTypes
import Hummingbird
import SANCore
import SANExport
import SANInference

/// An error as a client is told it: a status, what kind of thing went wrong, and one line that says what to do.
struct ServerError: Error, Sendable {
  /// What went wrong, for programs.
  enum Kind: String, Sendable, CaseIterable {
    case badArgument, notFound, damaged, `internal`
    case unauthorized, methodNotAllowed, notAcceptable, timeout, tooLarge, unsupportedMedia, busy, cancelled
  }

  let status: HTTPResponse.Status
  let kind: Kind
  let message: String
  var headers: HTTPFields = [:]

  init(_ status: HTTPResponse.Status, _ kind: Kind, _ message: String, headers: HTTPFields = [:]) {
    (self.status, self.kind, self.message, self.headers) = (status, kind, message, headers)
  }

  /// A parameter is not what can be used.
  static func badArgument(_ message: String) -> ServerError {
    ServerError(.badRequest, .badArgument, message)
  }

  /// More than a limit allows.
  static func tooLarge(_ message: String) -> ServerError { ServerError(.contentTooLarge, .tooLarge, message) }

  /// The client has closed the connection; nobody reads this but the log.
  static let clientGone = ServerError(
    HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"), .cancelled, "the client has gone")

  /// What a client is told of `error`; nil where it is this server's fault, which only the log tells.
  init?(telling error: any Error) {
    switch error {
    case let error as ServerError: self = error
    case is CancellationError: self = .clientGone
    case let error as ImageError: self.init(of: error)
    case let error as any HTTPResponseError where error.status == .notFound:
      self.init(.notFound, .notFound, "there is nothing at this address; /openapi.json lists what there is")
    case let error as any HTTPResponseError where (400..<500).contains(error.status.code):
      self.init(error.status, .badArgument, "the request cannot be read: \(error.status.reasonPhrase)")
    default:
      guard ErrorCategory(of: error) == .badArgument else { return nil }
      self = .badArgument("\(error)")
    }
  }

  private init(of error: ImageError) {
    let status: (HTTPResponse.Status, Kind) =
      switch error {
      case .unsupportedFormat, .unsupportedKind, .missingLibrary, .notLabels:
        (.unsupportedMediaType, .unsupportedMedia)
      case .tooManyPixels, .fileTooLarge, .noRoom: (.contentTooLarge, .tooLarge)
      case .outOfMemory: (.serviceUnavailable, .busy)
      case .empty, .damaged, .unreadable, .wrongPixelCount: (.unprocessableContent, .damaged)
      }
    self.init(status.0, status.1, "\(error)")
  }

  /// The error as JSON.
  var response: Response {
    let body = ErrorBody(
      error: ErrorBody.Detail(status: status.code, kind: kind.rawValue, message: message))
    var response = Response.json(body, status: status)
    for field in headers { response.headers[field.name] = field.value }
    return response
  }
}

/// What errors look like.
private struct ErrorBody: Encodable {
  struct Detail: Encodable {
    let status: Int
    let kind: String
    let message: String
  }
  let error: Detail
}
