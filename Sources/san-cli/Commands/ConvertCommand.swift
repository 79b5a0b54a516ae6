import ArgumentParser
import SANCore
import SANInference

/// `san-cli convert`: a released checkpoint to a file that loads faster and knows its configuration.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Converts a model file to safetensors.",
    discussion: """
      Reads PyTorch's files as released, and safetensors. Every tensor is checked against the model's configuration, \
      which the new file carries. What training alone needs is left out. The new file is written whole or not at all.
      """)

  /// How weights are stored.
  enum WeightType: String, CaseIterable, ExpressibleByArgument {
    case f16, bf16, f32, int8

    var elementType: ElementType {
      switch self {
      case .f16: .float16
      case .bf16: .bfloat16
      case .f32: .float32
      case .int8: .int8
      }
    }
  }

  @Argument(
    help: "An installed model's name (see san-cli models), or the model file to read: .pth or .safetensors.",
    completion: ModelCompletion.namesAndFiles)
  var input: String

  @Argument(help: "The file to write: .safetensors.", completion: .file(extensions: ["safetensors"]))
  var output: String

  @Option(
    help: ArgumentHelp(
      """
      How numbers are stored: f32 exactly, f16 and bf16 rounded, in half the space, int8 in less: matrices as integers of \
      8 bits with a scale a row, but for layers that are sensitive.
      """, valueName: "type"))
  var dtype = WeightType.f32

  @OptionGroup
  var modelConfiguration: ConfigOption

  @Flag(help: "No progress on standard error, only errors. (default: off)")
  var quiet = false

  func run() throws {
    if quiet { Console.silence() }
    let file = OutputFile(option: "<output>", path: output)
    try file.requireExtension("safetensors", kind: "safetensors file")
    try file.requireWritable()
    let model = try ModelSource(argument: input).filePath()
    try OutputFile.requireDistinct([file], inputs: [model] + (modelConfiguration.config.map { [$0] } ?? []))

    Console.show("checking \(input)")
    let checkpoint = try Checkpoint.open(path: model)
    let parameters = try ModelParameters(
      checkpoint: checkpoint,
      configuration: SANConfiguration.find(for: checkpoint, option: modelConfiguration.config))
    let configuration = parameters.configuration
    let integers = dtype == .int8 ? configuration.integerParameters : []
    let entries = configuration.parameterShapes.map { name, shape in
      let exact = dtype == .int8 ? exactType(of: name, in: checkpoint, parameters) : dtype.elementType
      let type = integers.contains(name) ? .int8 : exact
      return SafetensorsWriter.Entry(name: name, shape: shape, type: type)
    }
    Console.show("writing \(output)")
    try SafetensorsWriter.write(
      to: output, entries: entries, metadata: ["format": "san", "config": configuration.json]
    ) { name in
      try Interruption.check()
      return parameters[name]
    }

    var table = TextTable()
    table.add(
      configuration.name, "\(configuration.parameterCount.grouped) parameters", "\(entries.count) tensors")
    table.add(input, "\(checkpoint.fileByteCount.grouped) bytes", checkpoint.format.rawValue)
    let size = FileStatus(output)?.byteCount ?? 0
    table.add(output, "\(size.grouped) bytes", "safetensors, \(dtype.elementType.rawValue)")
    try Console.write(table.text)
  }

  /// How a file of integers has what is not stored as such: as `checkpoint` has it or, where that is in more than 16 bits, matrices
  /// in half precision, whose steps are far below those of integers.
  private func exactType(
    of name: String, in checkpoint: Checkpoint, _ parameters: ModelParameters
  ) -> ElementType {
    let source = checkpoint.entry(name)?.type ?? .float32
    if source == .float16 || source == .bfloat16 { return source }
    let tensor = parameters[name]
    let fits = tensor.withUnsafeBufferPointer { $0.allSatisfy { abs($0) <= 65_504 } }
    return tensor.shape.count > 1 && fits ? .float16 : .float32
  }
}
