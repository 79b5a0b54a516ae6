import Dispatch

/// Makes single-precision tensors of a file's records and looks at every number, on all processors.
struct ParameterLoading {
  /// The tensors by name.
  let tensors: [String: Tensor]
  /// The stored names of tensors that hold an infinity or a NaN, in the order of the records.
  let damaged: [String]

  /// Elements handled at a time by one thread.
  private static let pieceCount = 1 << 18

  /// A part of a record.
  private struct Piece {
    let record: Int
    let range: Range<Int>
    /// Where its elements are to go; nil where they stay in the file.
    let target: UnsafeMutableBufferPointer<Float>?
  }

  init(_ records: [TensorRecord], of file: MappedFile) {
    var tensors: [String: Tensor] = [:]
    var pieces: [Piece] = []
    let mapped = records.map { $0.mapped(in: file) }
    for (index, record) in records.enumerated() {
      var target: UnsafeMutableBufferPointer<Float>?
      if let tensor = mapped[index] {
        tensors[record.name] = tensor
      } else {
        // Filled below, by all processors; memory of its own each, so that it can go when a layer has packed it.
        tensors[record.name] = Tensor(shape: record.shape) { target = $0 }
      }
      // Only a tensor in row-major order can be converted in parts.
      let step = record.strides == nil ? Self.pieceCount : max(record.count, 1)
      for start in stride(from: 0, to: record.count, by: step) {
        let range = start..<min(start + step, record.count)
        let part = target.map { UnsafeMutableBufferPointer(rebasing: $0[range]) }
        pieces.append(Piece(record: index, range: range, target: part))
      }
    }
    self.tensors = tensors

    var finite = [Bool](repeating: true, count: pieces.count)
    finite.withUnsafeMutableBufferPointer { finite in
      nonisolated(unsafe) let (work, finite) = (pieces, finite)
      DispatchQueue.concurrentPerform(iterations: work.count) { index in
        let (record, range, target) = (records[work[index].record], work[index].range, work[index].target)
        if let target {
          record.decode(range, of: file, into: target)
          finite[index] = UnsafeBufferPointer(target).areFinite
        } else if let tensor = mapped[work[index].record] {
          finite[index] = tensor.withUnsafeBufferPointer {
            UnsafeBufferPointer(rebasing: $0[range]).areFinite
          }
        }
      }
    }
    file.discard(file.bytes)
    let indices = Set(zip(pieces, finite).filter { !$0.1 }.map(\.0.record))
    damaged = indices.sorted().map { records[$0].storedName }
  }
}
