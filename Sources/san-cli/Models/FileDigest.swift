import Crypto
import SANCore

/// SHA-256 of files, as hexadecimal digits.
enum FileDigest {
  /// Bytes hashed at a time: between two pieces, progress is shown and memory given back.
  private static let pieceCount = 64 << 20

  /// The SHA-256 of `file`, which is called `name` on a terminal.
  static func sha256(of file: MappedFile, name: String) throws -> String {
    var hash = SHA256()
    for start in stride(from: 0, to: file.byteCount, by: pieceCount) {
      try Interruption.check()
      Console.show("SHA-256 of \(name): \(start * 100 / file.byteCount) %")
      let piece = UnsafeRawBufferPointer(
        rebasing: file.bytes[start..<min(start + pieceCount, file.byteCount)])
      hash.update(bufferPointer: piece)
      file.discard(piece)
    }
    return hexadecimal(hash.finalize())
  }

  /// The SHA-256 of the file at `path`.
  static func sha256(ofFileAt path: String) throws -> String {
    try sha256(of: MappedFile(path: path), name: Path.name(of: path))
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.reduce(into: "") { text, byte in
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }

  /// The digest that a command line gives: 64 hexadecimal digits, of either case.
  static func parse(_ text: String) throws -> String {
    let digits = text.lowercased()
    guard digits.utf8.count == 64, digits.allSatisfy({ "0123456789abcdef".contains($0) }) else {
      throw UsageError("--sha256", "\(text) is no SHA-256, which has 64 hexadecimal digits")
    }
    return digits
  }
}
