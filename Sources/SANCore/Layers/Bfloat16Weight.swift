import CVectorKernels

/// A weight rounded to bfloat16: half the memory of single precision, and two products to an instruction where the processor has it.
///
/// Activations are rounded row by row as they come; sums are of single precision.
final class Bfloat16Weight: PackedWeight {
  private let kernels: KernelSet
  private let stored: RoundedPanels<Bfloat16Panels>

  /// `weight`, for a set of kernels.
  init(_ weight: Weight, kernels: KernelSet) {
    self.kernels = kernels
    stored = RoundedPanels(weight)
  }

  func multiply(
    _ x: ConstMatrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool,
    pool: ThreadPool
  ) {
    let panels = stored.packed { Bfloat16Panels($0, kernels: kernels, pool: pool) }
    let bf16 = kernels.table.pointee.bf16.pointee
    let rowCount = (x.columns + 1) / 2 * 2
    withUnsafeTemporaryAllocation(
      byteCount: x.rows * rowCount * MemoryLayout<UInt16>.size, alignment: AlignedMemory.alignment
    ) { bytes in
      guard let base = bytes.baseAddress else { return }
      nonisolated(unsafe) let numbers = base.bindMemory(to: UInt16.self, capacity: x.rows * rowCount)
      @Sendable func round(_ range: Range<Int>) {
        for row in range { bf16.round(x.row(row), x.columns, numbers + row * rowCount) }
      }
      @Sendable func multiply(_ range: Range<Int>, _ columns: Range<Int>) {
        let target = y.rows(range).columns(columns)
        var product = vk_bf16_product(
          rows: range.count, columns: columns.count, depth: x.columns,
          x: numbers + range.lowerBound * rowCount, x_stride: rowCount, y: target.pointer,
          y_stride: target.stride, bias: bias.map { $0.pointer + columns.lowerBound },
          activation: activation.code, accumulate: accumulate ? 1 : 0)
        bf16.multiply(&product, panels.base + vk_bf16_packed_count(columns.lowerBound, x.columns))
      }
      RoundedProduct.run(
        rows: x.rows, outputs: y.columns, pool: pool, round: round, multiply: multiply)
    }
    withExtendedLifetime((panels, bias)) {}
  }
}

/// The packed numbers of a weight.
private final class Bfloat16Panels: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  init(_ weight: Weight, kernels: KernelSet, pool: ThreadPool) {
    let (outputs, inputs) = (weight.outputs, weight.inputs)
    base = AlignedMemory.allocate(byteCount: max(vk_bf16_packed_count(outputs, inputs), 1)).baseAddress!
    let bf16 = kernels.table.pointee.bf16.pointee
    pool.run((outputs + VK_PANEL - 1) / VK_PANEL) { [self] panel, _ in
      let range = panel * VK_PANEL..<min((panel + 1) * VK_PANEL, outputs)
      let target = base + vk_bf16_packed_count(range.lowerBound, inputs)
      if let floats = weight.floats {
        let rows = floats.rows(range)
        bf16.pack(rows.pointer, inputs, range.count, inputs, target)
        withExtendedLifetime(rows) {}
        return
      }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(range.count * inputs, 1)) { rows in
        let rows = rows.baseAddress!
        weight.copy(range, into: rows)
        bf16.pack(rows, inputs, range.count, inputs, target)
      }
    }
    withExtendedLifetime(weight) {}
  }

  deinit { base.deallocate() }
}
