/// The tensors of a file that `torch.save` wrote: a zip archive with a pickle of names and shapes, and an
/// entry for each storage. The model is taken; an optimiser's state stays unread.
struct PyTorchFile {
  let records: [TensorRecord]

  /// Whether `bytes` begin like a file of `torch.save` before version 1.6, or like another bare pickle.
  static func recognisesLegacy(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == PickleOpcode.proto.rawValue && (2...5).contains(bytes[1])
  }

  /// Reads names and shapes from `file`.
  ///
  /// - Throws: ``CheckpointError``.
  init(_ file: MappedFile) throws {
    let archive = try ZipArchive(file)
    let names = archive.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let name = names.first, names.count == 1, let entry = archive.entries[name] else {
      throw CheckpointError.unrecognised(
        file: file.path, hint: "it is a zip archive, but has \(names.count) entries data.pkl instead of one")
    }
    let prefix = String(name.dropLast("data.pkl".count))
    try Self.checkByteOrder(archive, prefix: prefix, file: file)

    let range = try archive.range(of: entry)
    guard range.count <= PickleMachine.maximumByteCount else {
      throw CheckpointError.unsupported(
        file: file.path, part: "data.pkl", problem: "it has more than \(PickleMachine.maximumByteCount) bytes"
      )
    }
    let pickle: Pickle
    do {
      pickle = try PickleMachine.run(Array(file.bytes[range]))
    } catch {
      throw CheckpointError.malformed(file: file.path, part: "data.pkl", problem: "\(error)")
    }
    var reader = PyTorchTensors(pickle: pickle, archive: archive, prefix: prefix, file: file)
    records = try reader.records()
  }

  /// Archives since PyTorch 2.1 say how their numbers are stored; older ones are little-endian.
  private static func checkByteOrder(_ archive: ZipArchive, prefix: String, file: MappedFile) throws {
    guard let entry = archive.entries[prefix + "byteorder"] else { return }
    let range = try archive.range(of: entry)
    guard file.bytes[range].elementsEqual("little".utf8) else {
      throw CheckpointError.unsupported(
        file: file.path, part: "byteorder",
        problem: "numbers are not little-endian; save it again on such a machine")
    }
  }
}

/// Finds the model's tensors in a pickle and checks each against its storage.
private struct PyTorchTensors {
  let pickle: Pickle
  let archive: ZipArchive
  let prefix: String
  let file: MappedFile
  /// Where storages lie in the file, by key.
  private var ranges: [String: Range<Int>] = [:]

  init(pickle: Pickle, archive: ZipArchive, prefix: String, file: MappedFile) {
    self.pickle = pickle
    self.archive = archive
    self.prefix = prefix
    self.file = file
  }

  mutating func records() throws -> [TensorRecord] {
    for key in ["model", "state_dict"] {
      if let model = pickle.member(key, of: pickle.root), case .dictionary(let items) = pickle[model] {
        let records = try records(items, mixed: false)
        guard !records.isEmpty else { throw noModel("an empty \"\(key)\"") }
        return records
      }
    }
    guard case .dictionary(let items) = pickle[pickle.root] else { throw noModel(pickle.kind(pickle.root)) }
    let records = try records(items, mixed: true)
    guard !records.isEmpty else {
      let keys = stride(from: 0, to: items.count, by: 2).prefix(9)
        .map { pickle.string(items[$0]).map { quoted($0) } ?? "a key that is not text" }
      throw noModel(keys.isEmpty ? "an empty dictionary" : "the keys \(listed(keys))")
    }
    return records
  }

  private func noModel(_ found: String) -> CheckpointError {
    .noModel(file: file.path, found: found)
  }

  /// The tensors of a dictionary given as keys and values in turn; a `mixed` one may hold other values too.
  private mutating func records(_ items: [Pickle.Reference], mixed: Bool) throws -> [TensorRecord] {
    var records: [TensorRecord] = []
    var names: Set<String> = []
    for index in stride(from: 0, to: items.count, by: 2) {
      let (key, value) = (items[index], items[index + 1])
      guard case .tensor(let tensor) = pickle[value] else {
        if mixed { continue }
        let name = pickle.string(key).map { quoted($0) } ?? "a key that is not text"
        throw CheckpointError.unsupported(
          file: file.path, part: "the model's entry \(name)",
          problem: "it is \(pickle.kind(value)), not a tensor")
      }
      guard let name = pickle.string(key), names.insert(name).inserted else {
        throw malformed("the model", "a key that is not text, or twice the same")
      }
      guard names.count <= Checkpoint.maximumTensors else { throw malformed("the model", "too many tensors") }
      records.append(try record(name, tensor))
    }
    return records
  }

  private func malformed(_ part: String, _ problem: String) -> CheckpointError {
    .malformed(file: file.path, part: part, problem: problem)
  }

  private mutating func record(_ name: String, _ tensor: Pickle.TensorReference) throws -> TensorRecord {
    let part = "tensor \(quoted(name))"
    guard case .storage(let storage) = pickle[tensor.storage], let key = pickle.string(storage.key) else {
      throw malformed(part, "it has no storage")
    }
    guard let type = storage.type else {
      throw CheckpointError.unsupportedElementType(file: file.path, tensor: name, type: "unknown")
    }
    let limit = Checkpoint.maximumRank
    guard let shape = pickle.integers(tensor.shape, limit: limit), let count = Tensor.elementCount(of: shape),
      let strides = pickle.integers(tensor.strides, limit: limit), strides.count == shape.count
    else { throw malformed(part, "its shape and strides are not lists of at most \(limit) sound numbers") }

    let range = try range(ofStorage: key)
    let (byteCount, overflow) = storage.count.multipliedReportingOverflow(by: type.byteCount)
    guard !overflow, byteCount <= range.count else {
      throw malformed(
        part, "its storage has \(range.count) bytes instead of \(storage.count) \(type.rawValue)")
    }
    guard let last = Self.lastElement(shape, strides, count: count, from: tensor.offset),
      tensor.offset >= 0, last < storage.count
    else {
      throw malformed(
        part,
        "shape \(shape) with strides \(strides) from \(tensor.offset) leaves its storage of \(storage.count)")
    }
    guard count <= storage.count else {
      throw CheckpointError.unsupported(
        file: file.path, part: part, problem: "it repeats its elements; make it contiguous and save it again")
    }
    return TensorRecord(
      name: name, type: type, shape: shape, count: count,
      offset: count == 0 ? range.lowerBound : range.lowerBound + tensor.offset * type.byteCount,
      strides: Self.isContiguous(shape, strides, count: count) ? nil : strides)
  }

  private mutating func range(ofStorage key: String) throws -> Range<Int> {
    if let range = ranges[key] { return range }
    guard let entry = archive.entries["\(prefix)data/\(key)"] else {
      throw malformed("zip archive", "the storage \(quoted(key)) is missing")
    }
    let range = try archive.range(of: entry)
    ranges[key] = range
    return range
  }

  /// The highest element that a tensor touches in its storage, `-1` without elements; nil where it is out of
  /// range.
  private static func lastElement(_ shape: [Int], _ strides: [Int], count: Int, from offset: Int) -> Int? {
    guard count > 0 else { return -1 }
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (span, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, carry) = last.addingReportingOverflow(span)
      guard stride >= 0, !overflow, !carry else { return nil }
      last = sum
    }
    return last
  }

  /// Whether elements follow each other in row-major order. The stride of an axis with one index says
  /// nothing.
  private static func isContiguous(_ shape: [Int], _ strides: [Int], count: Int) -> Bool {
    if count == 0 { return true }
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }
}
