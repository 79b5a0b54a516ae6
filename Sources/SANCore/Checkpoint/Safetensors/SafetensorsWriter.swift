/// Writes safetensors files: tensor by tensor, the same bytes for the same input, whole or not at all.
public enum SafetensorsWriter {
  /// A tensor to be written.
  public struct Entry: Sendable, Hashable {
    /// Its name, unique in the file.
    public var name: String
    /// Its extents.
    public var shape: [Int]
    /// How its elements are encoded: `float32`, `float16`, `bfloat16` or `int8`.
    public var type: ElementType

    /// A tensor `name` of `shape`, encoded as `type`.
    public init(name: String, shape: [Int], type: ElementType) {
      self.name = name
      self.shape = shape
      self.type = type
    }
  }

  /// Writes `entries` to `path`; `tensor` is asked for each in turn and may make it on the spot.
  ///
  /// Numbers are rounded to the nearest of the type, ties to even. Those of an `int8` tensor, `[rows, columns…]`, are multiples
  /// of a scale a row, its largest magnitude divided by 127; the scales are a tensor of the name with `.scale` behind it, and
  /// such a tensor is asked for twice. Wider types come first, then names in
  /// order of their bytes, so that all data is aligned; the data starts at a multiple of 8 bytes.
  ///
  /// Precondition: names are unique and not `__metadata__`, types are among the four, tensors have the
  /// shapes of their entries.
  ///
  /// - Throws: ``OutputFileError``; ``CheckpointError/valueOutOfRange(file:tensor:value:type:)`` where a finite
  ///   number is too large for its type; and what `tensor` throws. In each case there is no new file.
  public static func write(
    to path: String, entries: [Entry], metadata: [String: String] = [:], tensor: (String) throws -> Tensor
  ) throws {
    let integers = Dictionary(
      uniqueKeysWithValues: entries.filter { $0.type == .int8 }.map { ($0.name + Checkpoint.scaleSuffix, $0) }
    )
    let entries =
      entries
      + integers.map { Entry(name: $0.key, shape: [$0.value.shape.first ?? 1], type: .float32) }
    precondition(Set(entries.map(\.name)).count == entries.count, "names are unique")
    let ordered = entries.sorted {
      $0.type.byteCount != $1.type.byteCount
        ? $0.type.byteCount > $1.type.byteCount : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    let file = try AtomicFile(path)
    try header(ordered, metadata).withUnsafeBytes { try file.write($0) }
    for entry in ordered {
      if let whole = integers[entry.name] {
        try quantized(whole, tensor).scales.withUnsafeBytes { try file.write($0) }
        continue
      }
      if entry.type == .int8 {
        try quantized(entry, tensor).integers.withUnsafeBytes { try file.write($0) }
        continue
      }
      let source = try tensor(entry.name)
      precondition(source.shape == entry.shape, "a tensor has the shape of its entry")
      try source.withUnsafeBufferPointer { values in
        switch entry.type {
        case .float32: try file.write(UnsafeRawBufferPointer(values))
        case .float16:
          try write(values, of: entry, to: file, at: path, FloatConversion.half, isInfinite: 0x7C00)
        case .bfloat16:
          try write(values, of: entry, to: file, at: path, FloatConversion.bfloat16, isInfinite: 0x7F80)
        default: preconditionFailure("only F32, F16, BF16 and I8 are written")
        }
      }
    }
    try file.commit()
  }

  /// The tensor of `entry` as integers, and their scales.
  private static func quantized(
    _ entry: Entry, _ tensor: (String) throws -> Tensor
  ) throws -> (integers: [Int8], scales: [Float]) {
    let source = try tensor(entry.name)
    precondition(source.shape == entry.shape, "a tensor has the shape of its entry")
    let weight = Weight(source)
    var (integers, scales) = (
      [Int8](repeating: 0, count: weight.count), [Float](repeating: 0, count: weight.outputs)
    )
    integers.withUnsafeMutableBufferPointer { integers in
      scales.withUnsafeMutableBufferPointer { scales in
        guard let integers = integers.baseAddress, let scales = scales.baseAddress else { return }
        weight.quantize(0..<weight.outputs, into: integers, scales: scales)
      }
    }
    return (integers, scales)
  }

  /// Writes `values` in pieces through a small buffer.
  @inline(__always)
  private static func write(
    _ values: UnsafeBufferPointer<Float>, of entry: Entry, to file: AtomicFile, at path: String,
    _ encode: (Float) -> UInt16, isInfinite infinity: UInt16
  ) throws {
    let piece = 1 << 18
    var buffer = [UInt16](repeating: 0, count: min(piece, values.count))
    for start in stride(from: 0, to: values.count, by: piece) {
      let count = min(piece, values.count - start)
      var overflow = false
      for i in 0..<count {
        let value = values[start + i]
        let encoded = encode(value)
        overflow = overflow || (encoded & 0x7FFF == infinity && value.isFinite)
        buffer[i] = encoded.littleEndian
      }
      if overflow {
        let value = values[start..<start + count].first { $0.isFinite && encode($0) & 0x7FFF == infinity }
        throw CheckpointError.valueOutOfRange(
          file: path, tensor: entry.name, value: value ?? .greatestFiniteMagnitude, type: entry.type)
      }
      try buffer.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<(count * 2)])) }
    }
  }

  /// The length, and the JSON header padded with spaces to a multiple of 8 bytes.
  private static func header(_ entries: [Entry], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let strings = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(jsonString($0.key)):\(jsonString($0.value))" }
      members.append("\"__metadata__\":{\(strings.joined(separator: ","))}")
    }
    var offset = 0
    for entry in entries {
      guard let count = Tensor.elementCount(of: entry.shape) else { preconditionFailure("a sound shape") }
      let end = offset + count * entry.type.byteCount
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(jsonString(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
  }
}

/// `text` as a JSON string, quotes included.
package func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{0}"..."\u{1F}":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
