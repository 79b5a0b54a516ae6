/// The named tensors of a model file: safetensors, or PyTorch's zip format (`.pth`, `.pt`).
///
/// Names and shapes are those of the released files; a model that mmsegmentation saved is read as if it had them.
///
/// The file is mapped into memory. Opening it reads names and shapes alone; elements are read when asked for,
/// and single-precision ones are used where they lie.
public struct Checkpoint: Sendable {
  /// The format of a model file, told by its content.
  public enum Format: String, Sendable, Hashable {
    /// A safetensors file.
    case safetensors
    /// A zip archive of `torch.save`.
    case pyTorch = "PyTorch"
  }

  /// What is known of a tensor without reading its elements.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name, as released files have it.
    public let name: String
    /// The name in this file: another one where mmsegmentation saved it.
    public let storedName: String
    /// The extents, outermost first.
    public let shape: [Int]
    /// How the elements are stored.
    public let type: ElementType

    init(_ record: TensorRecord) {
      (name, storedName) = (record.name, record.storedName)
      (shape, type) = (record.shape, record.type)
    }
  }

  /// The path as given.
  public let path: String
  /// The file's format.
  public let format: Format
  /// All tensors in the order of the file's own listing.
  public let entries: [Entry]
  /// The strings a safetensors file carries along; empty for other files.
  public let metadata: [String: String]

  let file: MappedFile
  /// The program whose names the file has, where they are not those of released files.
  let naming: TensorNaming?
  private let records: [String: TensorRecord]

  /// More tensors than this in one file are an error.
  static let maximumTensors = 1 << 16
  /// More axes than this are an error.
  static let maximumRank = 8

  /// Opens the model file at `path`, whatever its name.
  ///
  /// - Throws: ``FileError`` or ``CheckpointError``.
  public static func open(path: String) throws -> Checkpoint {
    try Checkpoint(MappedFile(path: path))
  }

  /// The model in `file`.
  ///
  /// - Throws: ``CheckpointError``.
  package init(_ file: MappedFile) throws {
    // A header of 640 bytes would make a safetensors file begin like a pickle: the brace decides first.
    if SafetensorsFile.recognises(file.bytes) {
      let contents = try SafetensorsFile(file)
      try self.init(file, .safetensors, contents.records, metadata: contents.metadata)
    } else if ZipArchive.recognises(file.bytes) {
      try self.init(file, .pyTorch, PyTorchFile(file).records, metadata: [:])
    } else if PyTorchFile.recognisesLegacy(file.bytes) {
      throw CheckpointError.legacyPyTorch(file: file.path)
    } else {
      throw CheckpointError.unrecognised(file: file.path, hint: Self.hint(of: file.bytes))
    }
  }

  private init(
    _ file: MappedFile, _ format: Format, _ stored: [TensorRecord], metadata: [String: String]
  ) throws {
    self.file = file
    self.format = format
    self.metadata = metadata
    path = file.path
    let naming = TensorNaming.known.first { naming in
      stored.contains { $0.name.hasPrefix(naming.mark) }
    }
    self.naming = naming
    let records = stored.map { naming?.renamed($0) ?? $0 }
    entries = records.map(Entry.init)
    self.records = try Dictionary(records.map { ($0.name, $0) }) { first, second in
      throw CheckpointError.malformed(
        file: file.path, part: "tensor \(quoted(second.storedName))",
        problem: "it means the same as \(quoted(first.storedName))")
    }
  }

  /// The size of the file in bytes.
  public var fileByteCount: Int { file.byteCount }

  /// The entry of the tensor `name`, if there is one.
  public func entry(_ name: String) -> Entry? {
    records[name].map(Entry.init)
  }

  /// The tensor `name`: single precision in place where possible, else converted anew at each call.
  ///
  /// - Throws: ``CheckpointError/noSuchTensor(file:tensor:)`` and
  ///   ``CheckpointError/unsupportedElementType(file:tensor:type:)``.
  public func tensor(_ name: String) throws -> Tensor {
    let record = try readable(name, asIntegers: true)
    if record.type == .int8 {
      let weight = record.weight(in: file, scales: try scales(of: record))
      return weight?.tensor.reshaped(record.shape) ?? Tensor(shape: record.shape, [])
    }
    return record.mapped(in: file)
      ?? Tensor(shape: record.shape) { record.decode(0..<record.count, of: file, into: $0) }
  }

  /// The record of the tensor `name`, if there is one.
  func record(_ name: String) -> TensorRecord? { records[name] }

  /// What the name of a tensor of 8-bit integers has behind it to name their scales: `w` is `I8` of `[rows, columns…]`, and
  /// `w.scale` is `F32` of `[rows]`. The numbers of a row are its integers, of ±127, times its scale.
  static let scaleSuffix = ".scale"

  /// The scales of the integers that `record` is of, checked: one for each row, finite and not negative.
  func scales(of record: TensorRecord) throws -> Tensor {
    func malformed(_ problem: String) -> CheckpointError {
      .malformed(file: path, part: "tensor \(quoted(record.storedName))", problem: problem)
    }
    let name = record.name + Checkpoint.scaleSuffix
    guard let scale = records[name] else {
      throw malformed("it is of type I8 and its scales, \(quoted(name)), are not there")
    }
    let rows = record.shape.first ?? 1
    guard scale.type == .float32, scale.shape == [rows] else {
      throw malformed(
        "its scales, \(quoted(name)), are \(scale.type.rawValue) \(scale.shape) instead of F32 [\(rows)]")
    }
    let tensor = try self.tensor(name)
    guard tensor.values.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw malformed("of its scales, \(quoted(name)), one is negative, infinite or NaN")
    }
    return tensor
  }

  /// The record of the tensor `name`, which is of a type that can be read: also as 8-bit integers that lie in order, where
  /// that is asked for.
  func readable(_ name: String, asIntegers: Bool = false) throws -> TensorRecord {
    guard let record = records[name] else { throw CheckpointError.noSuchTensor(file: path, tensor: name) }
    if asIntegers && record.type == .int8 && record.strides == nil { return record }
    guard record.type.isReadable else {
      throw CheckpointError.unsupportedElementType(
        file: path, tensor: record.storedName, type: record.type.rawValue)
    }
    return record
  }

  /// What an unknown file might be.
  private static func hint(of bytes: UnsafeRawBufferPointer) -> String {
    if bytes.isEmpty { return "it is empty" }
    if bytes.starts(with: "version https://git-lfs".utf8) {
      return "it is a Git LFS pointer; fetch the file itself with git lfs pull"
    }
    if bytes.first == UInt8(ascii: "<") { return "it looks like a web page; download the file itself" }
    return "get the file again, or convert it"
  }
}
