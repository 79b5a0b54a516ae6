/// A safetensors file: an 8-byte header length, a JSON header, and the elements of all tensors without gaps.
///
/// Nothing in the header is believed before it is checked against the file.
struct SafetensorsFile: Sendable {
  let file: MappedFile
  /// The strings under `__metadata__`.
  let metadata: [String: String]
  let records: [TensorRecord]

  /// The largest header the format allows, in bytes.
  private static let maximumHeader = 100_000_000

  /// Whether a file that begins and measures like `bytes` can only be a safetensors file.
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let reader = ByteReader(bytes: bytes)
    guard let header = reader.length(at: 0, as: UInt64.self) else { return false }
    return header <= maximumHeader && reader.byte(at: 8) == UInt8(ascii: "{")
  }

  /// Reads the header of `file`.
  ///
  /// - Throws: ``CheckpointError``.
  init(_ file: MappedFile) throws {
    self.file = file
    let reader = ByteReader(bytes: file.bytes)
    func malformed(_ problem: String) -> CheckpointError {
      .malformed(file: file.path, part: "safetensors header", problem: problem)
    }
    guard let length = reader.length(at: 0, as: UInt64.self), length <= Self.maximumHeader else {
      throw malformed("its length is missing or above \(Self.maximumHeader)")
    }
    guard let text = reader.slice(at: 8, count: length) else {
      throw malformed("its length of \(length) bytes goes beyond the end of the file")
    }
    guard text.first == UInt8(ascii: "{") else { throw malformed("it does not start with a brace") }
    let header: JSONValue
    do { header = try JSONValue(parsing: text) } catch { throw malformed("\(error)") }
    guard case .object(let members) = header else { throw malformed("it is not an object") }
    guard members.count <= Checkpoint.maximumTensors else { throw malformed("\(members.count) tensors") }

    var metadata: [String: String] = [:]
    var records: [TensorRecord] = []
    records.reserveCapacity(members.count)
    for member in members {
      if member.name == "__metadata__" {
        guard case .object(let strings) = member.value else {
          throw malformed("__metadata__ is not an object")
        }
        for string in strings {
          guard case .string(let value) = string.value else {
            throw malformed("__metadata__ holds more than strings")
          }
          metadata[string.name] = value
        }
      } else {
        records.append(
          try Self.record(member, in: file, dataStart: 8 + length, dataCount: reader.count - 8 - length))
      }
    }
    try Self.checkLayout(of: records, in: file, dataStart: 8 + length)
    self.metadata = metadata
    self.records = records
  }

  private static func record(
    _ member: JSONValue.Member, in file: MappedFile, dataStart: Int, dataCount: Int
  ) throws -> TensorRecord {
    func malformed(_ problem: String) -> CheckpointError {
      .malformed(file: file.path, part: "tensor \(quoted(member.name))", problem: problem)
    }
    guard case .object(let fields) = member.value, fields.count == 3,
      case .string(let typeName)? = member.value["dtype"], case .array(let extents)? = member.value["shape"],
      case .array(let offsets)? = member.value["data_offsets"]
    else { throw malformed("its entry is not made of dtype, shape and data_offsets") }
    guard let type = ElementType(rawValue: typeName) else {
      throw CheckpointError.unsupportedElementType(
        file: file.path, tensor: member.name, type: quoted(typeName))
    }
    guard let shape = naturalNumbers(extents), shape.count <= Checkpoint.maximumRank,
      let count = Tensor.elementCount(of: shape)
    else { throw malformed("its shape is not a list of at most \(Checkpoint.maximumRank) sound extents") }
    guard let range = naturalNumbers(offsets), range.count == 2, range[0] <= range[1], range[1] <= dataCount
    else {
      throw malformed("its data_offsets do not lie within the \(dataCount) bytes of data")
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
    guard !overflow, byteCount == range[1] - range[0] else {
      throw malformed("shape \(shape) of \(type.rawValue) does not take \(range[1] - range[0]) bytes")
    }
    return TensorRecord(
      name: member.name, type: type, shape: shape, count: count, offset: dataStart + range[0], strides: nil)
  }

  /// Every byte after the header belongs to exactly one tensor.
  private static func checkLayout(of records: [TensorRecord], in file: MappedFile, dataStart: Int) throws {
    var end = dataStart
    for record in records.sorted(by: { ($0.offset, $0.count) < ($1.offset, $1.count) }) {
      guard record.offset == end else {
        throw CheckpointError.malformed(
          file: file.path, part: "tensor \(quoted(record.name))",
          problem: record.offset < end ? "its bytes overlap another's" : "there is a gap before its bytes")
      }
      end += record.count * record.type.byteCount
    }
    guard end == file.byteCount else {
      throw CheckpointError.malformed(
        file: file.path, part: "data", problem: "\(file.byteCount - end) bytes at the end belong to no tensor"
      )
    }
  }

  private static func naturalNumbers(_ values: [JSONValue]) -> [Int]? {
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number) = value, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
