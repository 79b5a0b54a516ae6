/// Makes a file's records ready for the layers, and looks at every number, on all processors.
struct ParameterLoading {
  /// The parameters by name.
  let parameters: [String: ModelParameters.Parameter]
  /// The stored names of tensors that hold an infinity or a NaN, in the order of the records.
  let damaged: [String]
  /// The stored names of tensors that hold 8-bit integers beyond what a weight may have.
  let beyondRange: [String]

  /// Elements handled at a time by one thread.
  private static let pieceCount = 1 << 18

  /// A part of a record.
  private struct Piece {
    let record: Int
    let range: Range<Int>
    /// Where its elements are to go; nil where they stay in the file.
    let target: UnsafeMutableBufferPointer<Float>?
  }

  /// The parameters in `records`. Those whose names are in `weights` keep their type, where they lie in order; all else becomes
  /// single precision. `scales` has those of the records that are 8-bit integers, which are all in `weights`.
  init(
    _ records: [TensorRecord], keepingTypesOf weights: Set<String>, scales: [String: Tensor],
    of file: MappedFile
  ) {
    var parameters: [String: ModelParameters.Parameter] = [:]
    var pieces: [Piece] = []
    let inPlace = records.map { record in
      record.mapped(in: file).map(Weight.init)
        ?? (weights.contains(record.name) ? record.weight(in: file, scales: scales[record.name]) : nil)
    }
    for (index, record) in records.enumerated() {
      var target: UnsafeMutableBufferPointer<Float>?
      if let weight = inPlace[index] {
        parameters[record.name] =
          weight.type == .float32
          ? .tensor(weight.tensor.reshaped(record.shape)) : .weight(weight, shape: record.shape)
      } else {
        // Filled below, by all processors; memory of its own each, so that it can go when a layer has packed it.
        parameters[record.name] = .tensor(Tensor(shape: record.shape) { target = $0 })
      }
      // Only a tensor in row-major order can be converted in parts.
      let step = record.strides == nil ? Self.pieceCount : max(record.count, 1)
      for start in stride(from: 0, to: record.count, by: step) {
        let range = start..<min(start + step, record.count)
        let part = target.map { UnsafeMutableBufferPointer(rebasing: $0[range]) }
        pieces.append(Piece(record: index, range: range, target: part))
      }
    }
    self.parameters = parameters

    var sound = [Bool](repeating: true, count: pieces.count)
    sound.withUnsafeMutableBufferPointer { sound in
      nonisolated(unsafe) let (work, sound) = (pieces, sound)
      // A pool does with the threads that the system starts; Dispatch would wait for more, where memory is short for ever.
      ThreadPool().run(work.count) { index, _ in
        let (record, range, target) = (records[work[index].record], work[index].range, work[index].target)
        if let target {
          record.decode(range, of: file, into: target)
          sound[index] = UnsafeBufferPointer(target).areFinite
        } else if let weight = inPlace[work[index].record] {
          sound[index] = weight.isSound(stored: range)
        }
      }
    }
    file.discard(file.bytes)
    let unsound = Set(zip(pieces, sound).filter { !$0.1 }.map(\.0.record)).sorted().map { records[$0] }
    damaged = unsound.filter { $0.type != .int8 }.map(\.storedName)
    beyondRange = unsound.filter { $0.type == .int8 }.map(\.storedName)
  }
}
