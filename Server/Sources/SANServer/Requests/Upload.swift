import HTTPTypes
import Hummingbird
import NIOHTTP1
import SANInference

/// A photo as it arrived: an encoded file, and what the client calls it.
struct UploadedPhoto: Sendable {
  let bytes: [UInt8]
  let name: String
}

/// What a request brought: parameters, and a photo where there is one.
struct Upload: Sendable {
  var fields: Fields
  var photo: UploadedPhoto?

  /// What a photo is called whose client does not say.
  private static let standardName = "photo"

  /// Reads the query, and what of a body is allowed, in the time that it may take.
  ///
  /// - Parameters:
  ///   - request: the request's head.
  ///   - body: its body.
  ///   - parameters: the parameters that may be given.
  ///   - limits: how much is taken.
  /// - Throws: ``ServerError``.
  init(_ request: Request, body: RequestBody, parameters: [String], limits: ServerLimits) async throws {
    let bytes = try await Upload.read(body, of: request, limits: limits)
    fields = Fields(allowed: parameters)
    try fields.add(query: request.uri.query ?? "")
    let type = request.headers[.contentType].map { HeaderValue($0) }
    if bytes.isEmpty && type?.value != "multipart/form-data" { return }
    switch type?.value {
    case "multipart/form-data":
      guard let boundary = type?.parameters["boundary"] else {
        throw MultipartForm.damaged("its Content-Type names no boundary")
      }
      try take(MultipartForm(bytes, boundary: boundary))
    // What curl --data-binary says of a photo unless told otherwise.
    case "application/x-www-form-urlencoded"
    where ImageFormat(firstBytes: bytes.prefix(ImageFormat.headBytes)) == nil:
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ServerError(
          .unsupportedMediaType, .unsupportedMedia,
          "the body is no form; send a photo with its own Content-Type, such as image/jpeg, or as field image of a "
            + "multipart form")
      }
      try fields.add(query: text)
    case nil, "application/octet-stream", "application/x-www-form-urlencoded":
      photo = UploadedPhoto(bytes: bytes, name: Upload.standardName)
    case .some(let type) where type.hasPrefix("image/"):
      photo = UploadedPhoto(bytes: bytes, name: Upload.standardName)
    case .some(let type):
      throw ServerError(
        .unsupportedMediaType, .unsupportedMedia,
        "a body of type \"\(type.prefix(60))\" is not taken; send the photo itself, such as image/jpeg, or a form: "
          + "multipart/form-data with the photo as field image")
    }
  }

  private mutating func take(_ form: MultipartForm) throws {
    for part in form.parts {
      if part.name == "image" {
        guard photo == nil else {
          throw ServerError.badArgument("image: is given twice; send one photo a request")
        }
        photo = UploadedPhoto(bytes: Array(part.bytes), name: Upload.name(part.fileName))
      } else {
        guard let text = String(validating: part.bytes, as: UTF8.self) else {
          throw ServerError.badArgument(
            "\(part.name.prefix(60)): is not UTF-8 text; only the field image takes a file")
        }
        try fields.add(part.name, text)
      }
    }
  }

  /// What a client calls its file, on one line and not too long.
  private static func name(_ fileName: String?) -> String {
    let plain = (fileName ?? "").unicodeScalars.filter { !$0.properties.generalCategory.isControl }
    let name = String(String.UnicodeScalarView(plain)).prefix(120)
    return name.isEmpty ? standardName : String(name)
  }

  /// The whole body.
  private static func read(
    _ body: RequestBody, of request: Request, limits: ServerLimits
  ) async throws -> [UInt8] {
    let limit = limits.bodyBytes
    let tooLarge = ServerError.tooLarge(
      "the body has more than the \(limit) bytes that this server takes; make the photo smaller first")
    let declared = request.headers[.contentLength].flatMap { Int($0) }
    let late = ServerError(
      .requestTimeout, .timeout,
      "the body has not arrived within \(limits.uploadTime.components.seconds) s; make the photo smaller, or try again"
    )
    return try await within(limits.uploadTime, orThrow: late) {
      // Before anything is refused: as the iterator goes, so does what else the client sends.
      var iterator = body.makeAsyncIterator()
      if let declared, declared > limit { throw tooLarge }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(declared ?? 0)
      do {
        while let part = try await iterator.next() {
          guard part.readableBytes <= limit - bytes.count else { throw tooLarge }
          bytes += part.readableBytesView
        }
      } catch let error as HTTPParserError {
        if case .invalidEOFState = error { throw ServerError.clientGone }
        throw ServerError.badArgument("the body does not keep HTTP's rules; let your HTTP library send it")
      }
      // Where the client went, or time is up, the body ends early.
      try Task.checkCancellation()
      if let declared, bytes.count != declared { throw ServerError.clientGone }
      return bytes
    }
  }
}

extension Unicode.GeneralCategory {
  /// Whether it prints nothing, or breaks lines.
  fileprivate var isControl: Bool {
    switch self {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
    default: false
    }
  }
}
