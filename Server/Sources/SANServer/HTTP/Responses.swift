import Foundation
import HTTPTypes
import Hummingbird

extension Response {
  /// JSON of `value`; members in the order of their names, so that the same answer is the same text.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("answers are made of texts and finite numbers")
    }
    return .bytes(data, type: "application/json", status: status)
  }

  /// A body of a type, which nobody between server and client keeps.
  static func bytes(
    _ bytes: some Sequence<UInt8>, type: String, status: HTTPResponse.Status = .ok
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
