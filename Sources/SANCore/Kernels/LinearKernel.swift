/// The product of a linear layer. The layout and the precision of the weight are the kernel's own affair.
package protocol LinearKernel: Sendable {
  /// y = activation(x·Wᵀ + bias), or y += x·Wᵀ + bias where `accumulate` is set, rows split over `pool`.
  func multiply(
    _ x: Matrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool, pool: ThreadPool)
}

extension KernelSet {
  /// This set's kernel for a weight `[outputs, inputs]`.
  package func linear(_ weight: Tensor) -> any LinearKernel {
    table == nil ? PlainWeight(weight: weight) : PanelWeight(weight, kernels: self)
  }
}

/// A weight as it is stored, multiplied by the system's BLAS.
struct PlainWeight: LinearKernel {
  let weight: Tensor

  /// Rows that one thread takes at a time.
  private static let grain = 256

  func multiply(
    _ x: Matrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool, pool: ThreadPool
  ) {
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
