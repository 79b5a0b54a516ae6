/// The parts of a `multipart/form-data` body.
struct MultipartForm {
  /// One part.
  struct Part {
    /// The field's name.
    let name: String
    /// What the client calls the file, where it is one.
    let fileName: String?
    /// The contents.
    let bytes: ArraySlice<UInt8>
  }

  let parts: [Part]

  /// More parts than any form here has.
  private static let maximumParts = 1100
  /// Bytes of a part's header fields.
  private static let headBytes = 4096

  /// Takes a body apart.
  ///
  /// - Parameters:
  ///   - bytes: the body.
  ///   - boundary: what lies between its parts, as the request's `Content-Type` says.
  /// - Throws: ``ServerError`` where it is no such body, or ends too early.
  init(_ bytes: [UInt8], boundary: String) throws {
    guard (1...70).contains(boundary.utf8.count) else {
      throw MultipartForm.damaged("its boundary has not 1 to 70 bytes")
    }
    let delimiter = Array("--\(boundary)".utf8)
    let between = Array("\r\n".utf8) + delimiter
    // The first delimiter begins the body, or a line after a preamble.
    var position: Int
    if bytes.starts(with: delimiter) {
      position = delimiter.count
    } else if let found = MultipartForm.find(between, in: bytes, from: 0) {
      position = found + between.count
    } else {
      throw MultipartForm.damaged("its boundary is not in it")
    }
    var parts: [Part] = []
    while true {
      if bytes[position...].starts(with: Array("--".utf8)) { break }
      while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
      guard bytes[position...].starts(with: Array("\r\n".utf8)) else {
        throw MultipartForm.damaged("there is no end of the line after a boundary")
      }
      guard parts.count < MultipartForm.maximumParts else {
        throw MultipartForm.damaged("it has more than \(MultipartForm.maximumParts) parts")
      }
      // A part without header fields has its blank line at once, so the search starts with the line's end before it.
      guard let blank = MultipartForm.find(Array("\r\n\r\n".utf8), in: bytes, from: position),
        blank - position <= MultipartForm.headBytes
      else {
        throw MultipartForm.damaged("a part's header does not end within \(MultipartForm.headBytes) bytes")
      }
      let head = position..<blank
      let start = blank + 4
      // The delimiter's line end may be the blank line's own, where a part is empty.
      guard let end = MultipartForm.find(between, in: bytes, from: start - 2) else {
        throw MultipartForm.damaged("it ends within a part")
      }
      parts.append(
        try Part(head: bytes[head], bytes: end < start ? bytes[start..<start] : bytes[start..<end]))
      position = end + between.count
    }
    self.parts = parts
  }

  static func damaged(_ reason: String) -> ServerError {
    .badArgument(
      "the multipart body cannot be read (\(reason)); let your HTTP library make it, such as curl -F")
  }

  /// Where `pattern` begins first in `bytes`, from `start` on.
  private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      pattern.withUnsafeBufferPointer { pattern in
        var index = start
        while index <= bytes.count - pattern.count {
          if bytes[index] == pattern[0] {
            var length = 1
            while length < pattern.count && bytes[index + length] == pattern[length] { length += 1 }
            if length == pattern.count { return index }
          }
          index += 1
        }
        return nil
      }
    }
  }
}

extension MultipartForm.Part {
  /// A part of its header fields and contents.
  fileprivate init(head: ArraySlice<UInt8>, bytes: ArraySlice<UInt8>) throws {
    guard let text = String(validating: head, as: UTF8.self) else {
      throw MultipartForm.damaged("a part's header is not UTF-8")
    }
    var disposition: HeaderValue?
    for line in text.split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      if line[..<colon].lowercased() == "content-disposition" {
        disposition = HeaderValue(line[line.index(after: colon)...])
      }
    }
    guard let disposition, disposition.value == "form-data", let name = disposition.parameters["name"] else {
      throw MultipartForm.damaged("a part has no name")
    }
    self.name = name
    fileName = disposition.parameters["filename"]
    self.bytes = bytes
  }
}
