/// Why a model file cannot be used. Each case names the file and, in its description, the way out.
public enum CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Neither a safetensors nor a PyTorch file, by content.
  case unrecognised(file: String, hint: String)
  /// A PyTorch file of the format before version 1.6, which is not a zip archive.
  case legacyPyTorch(file: String)
  /// The file breaks the rules of its format: it is damaged or was not written by a sound program.
  case malformed(file: String, part: String, problem: String)
  /// The file is sound, but uses something this reader does not know.
  case unsupported(file: String, part: String, problem: String)
  /// A tensor is stored in a type that cannot be read as weights.
  case unsupportedElementType(file: String, tensor: String, type: String)
  /// A PyTorch file without a dictionary of tensors where one is expected.
  case noModel(file: String, found: String)
  /// The file has no tensor of this name.
  case noSuchTensor(file: String, tensor: String)
  /// A number is too large for the type it is to be written in.
  case valueOutOfRange(file: String, tensor: String, value: Float, type: ElementType)

  /// One plain line: the file, what is wrong, and what to do where that is not plain.
  public var description: String {
    switch self {
    case .unrecognised(let file, let hint):
      "\(file): is neither a safetensors file nor a PyTorch checkpoint: \(hint)"
    case .legacyPyTorch(let file):
      "\(file): has PyTorch's old format from before version 1.6, which is not supported; "
        + "load it in PyTorch and save it again with torch.save"
    case .malformed(let file, let part, let problem):
      "\(file): \(part): \(problem); the file is damaged or incomplete, get it again"
    case .unsupported(let file, let part, let problem):
      "\(file): \(part): \(problem)"
    case .unsupportedElementType(let file, let tensor, let type):
      "\(file): tensor \(quoted(tensor)) is of type \(type); weights are F32, F16, BF16 or F64, and matrices also I8"
    case .noModel(let file, let found):
      "\(file): has no dictionary of tensors, neither as \"model\" or \"state_dict\" nor at the top; "
        + "found \(found)"
    case .noSuchTensor(let file, let tensor):
      "\(file): has no tensor \(quoted(tensor))"
    case .valueOutOfRange(let file, let tensor, let value, let type):
      "\(file): tensor \(quoted(tensor)) has the value \(value), which \(type.rawValue) cannot hold; "
        + "choose BF16 or F32"
    }
  }
}
