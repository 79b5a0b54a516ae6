/// The bytes of a pickle, read from front to back.
struct PickleInput {
  /// Why a pickle is refused, and at which byte.
  struct Failure: Error, CustomStringConvertible {
    let problem: String
    let offset: Int
    var description: String { "\(problem) at byte \(offset)" }
  }

  let bytes: [UInt8]
  private var position = 0
  /// Where the instruction that is being executed starts.
  private var instruction = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The number of bytes not read yet.
  var rest: Int { bytes.count - position }

  func failure(_ problem: String) -> Failure { Failure(problem: problem, offset: instruction) }

  mutating func opcode() throws(Failure) -> PickleOpcode {
    instruction = position
    guard let opcode = PickleOpcode(rawValue: try byte()) else {
      throw failure("an instruction that torch.save does not use")
    }
    return opcode
  }

  mutating func byte() throws(Failure) -> UInt8 {
    guard rest > 0 else { throw failure("the pickle ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  /// The positions of the next `count` bytes, which are skipped.
  mutating func take(_ count: Int) throws(Failure) -> Range<Int> {
    guard count >= 0, count <= rest else { throw failure("the pickle ends too early") }
    defer { position += count }
    return position..<position + count
  }

  /// A little-endian number of up to 8 bytes.
  mutating func unsigned(_ size: Int) throws(Failure) -> UInt64 {
    bytes[try take(size)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func length(_ size: Int) throws(Failure) -> Int {
    guard let length = Int(exactly: try unsigned(size)) else { throw failure("a length out of range") }
    return length
  }

  /// The positions of the bytes up to the next newline, which is skipped.
  mutating func line() throws(Failure) -> Range<Int> {
    let start = position
    while try byte() != UInt8(ascii: "\n") {}
    return start..<position - 1
  }
}
