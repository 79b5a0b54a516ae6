import CVectorKernels

/// A weight as 8-bit integers, each output's as multiples of a scale of its own: a quarter of the memory of single
/// precision, and the fastest products.
///
/// Activations become such integers row by row as they come. Sums of products are exact; the rest is single precision.
final class IntegerWeight: PackedWeight {
  private let kernels: KernelSet
  private let stored: RoundedPanels<IntegerPanels>

  /// The most inputs: so many products are sure to fit a sum of 32 bits.
  static let maximumInputs = 1 << 16

  /// `weight`, whose outputs lie together, for a set of kernels.
  init(_ weight: Weight, kernels: KernelSet) {
    precondition(weight.inputs <= IntegerWeight.maximumInputs, "a sum of 32 bits holds all products")
    self.kernels = kernels
    stored = RoundedPanels(weight)
  }

  func multiply(
    _ x: ConstMatrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool,
    pool: ThreadPool
  ) {
    let panels = stored.packed { IntegerPanels($0, kernels: kernels, pool: pool) }
    let int8 = kernels.table.pointee.int8.pointee
    let rowBytes = (x.columns + 3) / 4 * 4 * int8.activation_bytes
    withUnsafeTemporaryAllocation(byteCount: x.rows * rowBytes, alignment: AlignedMemory.alignment) { bytes in
      withUnsafeTemporaryAllocation(of: vk_int8_row.self, capacity: x.rows) { meanings in
        guard let bytes = bytes.baseAddress, let meanings = meanings.baseAddress else { return }
        nonisolated(unsafe) let (integers, rows) = (bytes, meanings)
        @Sendable func quantize(_ range: Range<Int>) {
          for row in range {
            rows[row] = int8.quantize(x.row(row), x.columns, integers + row * rowBytes)
          }
        }
        @Sendable func multiply(_ range: Range<Int>, _ columns: Range<Int>) {
          let target = y.rows(range).columns(columns)
          var product = vk_int8_product(
            rows: range.count, columns: columns.count, depth: x.columns,
            x: integers + range.lowerBound * rowBytes, x_stride: rowBytes,
            x_rows: rows + range.lowerBound, scales: panels.scales + columns.lowerBound,
            y: target.pointer, y_stride: target.stride, bias: bias.map { $0.pointer + columns.lowerBound },
            activation: activation.code, accumulate: accumulate ? 1 : 0)
          int8.multiply(&product, panels.base + vk_int8_packed_count(columns.lowerBound, x.columns))
        }
        RoundedProduct.run(
          rows: x.rows, outputs: y.columns, pool: pool, round: quantize, multiply: multiply)
      }
    }
    withExtendedLifetime((panels, bias)) {}
  }
}

/// The packed integers of a weight, and what each output's are multiples of.
private final class IntegerPanels: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let scales: UnsafeMutablePointer<Float>

  init(_ weight: Weight, kernels: KernelSet, pool: ThreadPool) {
    let (outputs, inputs) = (weight.outputs, weight.inputs)
    base = AlignedMemory.allocate(byteCount: max(vk_int8_packed_count(outputs, inputs), 1)).baseAddress!
    scales = .allocate(capacity: max(outputs, 1))
    pool.run((outputs + VK_PANEL - 1) / VK_PANEL) { [self] panel, _ in
      let range = panel * VK_PANEL..<min((panel + 1) * VK_PANEL, outputs)
      withUnsafeTemporaryAllocation(of: Int8.self, capacity: max(range.count * inputs, 1)) { integers in
        let integers = integers.baseAddress!
        weight.quantize(range, into: integers, scales: scales + range.lowerBound)
        kernels.table.pointee.int8.pointee.pack(
          integers, inputs, range.count, inputs, base + vk_int8_packed_count(range.lowerBound, inputs))
      }
    }
    withExtendedLifetime(weight) {}
  }

  deinit {
    base.deallocate()
    scales.deallocate()
  }
}
