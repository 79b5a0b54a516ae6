import Synchronization

/// The product of a linear layer. The layout and the precision of the weight are the kernel's own affair.
package protocol LinearKernel: Sendable {
  /// y = activation(x·Wᵀ + bias), or y += x·Wᵀ + bias where `accumulate` is set, rows split over `pool`.
  func multiply(
    _ x: Matrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool, pool: ThreadPool)
}

extension KernelSet {
  /// This set's kernel for a weight `[outputs, inputs]`.
  package func linear(_ weight: Weight) -> any LinearKernel {
    table == nil ? PlainWeight(weight) : PanelWeight(weight, kernels: self)
  }
}

/// A weight row by row, multiplied by the system's BLAS.
final class PlainWeight: LinearKernel {
  private let stored: Weight
  /// The weight as BLAS reads it, made when it is first used.
  private let rowMajor = Mutex<Tensor?>(nil)

  init(_ weight: Weight) { stored = weight }

  /// Rows that one thread takes at a time.
  private static let grain = 256

  func multiply(
    _ x: Matrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool, pool: ThreadPool
  ) {
    let weight = rowMajor.withLock { made in
      let weight = made ?? stored.tensor
      made = weight
      return weight
    }
    pool.runRanges(x.rows, grain: PlainWeight.grain) { range, _ in
      let rows = y.rows(range)
      GEMM.multiply(
        x.rows(range), weight.matrix, .transposed, into: rows, beta: accumulate ? 1 : 0, kernels: .portable)
      for index in 0..<rows.rows {
        if let bias { VectorMath.add(rows.row(index), bias.pointer, rows.columns) }
        activation.apply(rows.row(index), count: rows.columns, kernels: .portable)
      }
    }
  }
}
