import CVectorKernels

/// A convolution of every channel by itself, followed by ReLU6, over places × channels.
///
/// Padded with zeros as TensorFlow's "same" is, of which nothing is before the first place where the kernel is 3 and the
/// stride 2.
public struct DepthwiseConvolution: Sendable {
  /// Channels that go in and come out.
  public let channels: Int
  /// Side of the square kernel: 3 or 5.
  public let kernelSize: Int
  /// Places from one output to the next: 1 or 2.
  public let stride: Int
  private let bias: Tensor  // [C]
  private let weight: Once<Tensor>  // [k², C]: as the channels lie

  /// The convolution of `parameters`: `weight`, `[C, 1, k, k]`, and `bias`.
  public init(_ parameters: ParameterScope, channels: Int, kernelSize: Int, stride: Int) {
    (self.channels, self.kernelSize, self.stride) = (channels, kernelSize, stride)
    let stored = parameters.weight("weight", [channels, 1, kernelSize, kernelSize])
    weight = Once { stored.transposed.tensor }
    bias = parameters.tensor("bias", [channels])
  }

  /// The grid of outputs for one of inputs, whose sides are multiples of the stride.
  public func grid(of grid: Grid) -> Grid { Grid(height: grid.height / stride, width: grid.width / stride) }

  /// Multiply-adds for a grid of inputs.
  func cost(of grid: Grid) -> Double {
    Double(self.grid(of: grid).count) * Double(kernelSize * kernelSize) * Double(channels)
  }

  /// Writes the convolution of `x`, `[grid.count, C]`, to `y`, `[grid(of: grid).count, C]`.
  public func callAsFunction(_ x: Matrix, grid: Grid, into y: Matrix, pool: ThreadPool) {
    callAsFunction(x, grid: grid, into: y, pool: pool, kernels: .current)
  }

  /// As ``callAsFunction(_:grid:into:pool:)``, by one set of kernels.
  package func callAsFunction(
    _ x: Matrix, grid: Grid, into y: Matrix, pool: ThreadPool, kernels: KernelSet
  ) {
    let out = self.grid(of: grid)
    precondition(
      out.height * stride == grid.height && out.width * stride == grid.width, "sides are multiples")
    precondition(x.rows == grid.count && x.columns == channels && x.stride == channels, "places × channels")
    precondition(y.rows == out.count && y.columns == channels && y.stride == channels, "places × channels")
    let weight = weight.value
    let before = (kernelSize - stride) / 2
    pool.runRanges(out.height, grain: 1) { range, _ in
      for row in range {
        // The inputs' rows under the kernel; nil beyond the edges.
        var rows:
          (
            UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
            UnsafePointer<Float>?, UnsafePointer<Float>?
          )
        withUnsafeMutableBytes(of: &rows) { bytes in
          let rows = bytes.bindMemory(to: UnsafePointer<Float>?.self)
          for dy in 0..<kernelSize {
            let y = row * stride - before + dy
            rows[dy] = (0..<grid.height).contains(y) ? UnsafePointer(x.row(y * grid.width)) : nil
          }
        }
        var convolution = vk_depthwise(
          channels: channels, kernel: kernelSize, stride: stride, before: before, rows: rows,
          columns: grid.width, weight: weight.pointer, bias: bias.pointer, outputs: out.width,
          out: y.row(row * out.width))
        kernels.table.pointee.depthwise(&convolution)
      }
    }
    withExtendedLifetime((weight, bias)) {}
  }
}
