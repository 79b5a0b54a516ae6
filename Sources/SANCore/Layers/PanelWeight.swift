import CVectorKernels
import Synchronization

/// A weight in a form that some set of kernels multiplies with.
protocol PackedWeight: Sendable {
  /// y = activation(x·Wᵀ + bias), or y += x·Wᵀ + bias where `accumulate` is set, work split over `pool`.
  func multiply(
    _ x: ConstMatrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool,
    pool: ThreadPool
  )
}

/// A weight in panels of 48 outputs: each panel holds, input by input, what goes to its outputs.
///
/// A large weight's first product packs a panel, uses it and forgets it: a program that labels one photo writes no second
/// copy of the weights. From the second product on the panels are kept, and take the place of the weight as stored, whose
/// memory is given back. Parts of a model that never run cost nothing.
final class PanelWeight: PackedWeight {
  private let kernels: KernelSet
  private let state: Mutex<State>

  private enum State {
    case stored(Weight)
    case usedOnce(Weight)
    case packed(Panels)
  }

  /// Rows that one thread takes at a time, at most: they share the second-level cache with a block of a panel.
  private static let grain = 256

  /// Shares of the panels that a thread takes one after the other: a thread that is held up leaves some to others.
  private static let sharesEach = 4

  /// `weight`, for a set of kernels.
  init(_ weight: Weight, kernels: KernelSet) {
    self.kernels = kernels
    state = Mutex(.stored(weight))
  }

  func multiply(
    _ x: ConstMatrix, into y: Matrix, bias: Tensor?, activation: Activation, accumulate: Bool,
    pool: ThreadPool
  ) {
    let kernels = kernels
    /// The product of some rows and outputs, whose panels are at `packed`.
    @Sendable func multiply(_ rows: Range<Int>, _ columns: Range<Int>, _ packed: UnsafePointer<Float>) {
      var product = vk_product(x.rows(rows), into: y.rows(rows).columns(columns))
      product.bias = bias.map { $0.pointer + columns.lowerBound }
      product.activation = activation.code
      product.accumulate = accumulate ? 1 : 0
      kernels.table.pointee.multiply_packed(&product, packed)
    }
    if x.rows < y.columns {
      // The weight is larger than x: each thread reads its own panels, and all of x.
      let once = weightOfFirstUse()
      let panels = once == nil ? panels(pool) : nil
      let count = (y.columns + VK_PANEL - 1) / VK_PANEL
      pool.runRanges(count, grain: max(1, count / (pool.threadCount * PanelWeight.sharesEach))) { range, _ in
        let columns = range.lowerBound * VK_PANEL..<min(range.upperBound * VK_PANEL, y.columns)
        if let panels {
          multiply(0..<x.rows, columns, panels.base + columns.lowerBound * x.columns)
        } else if let once {
          withPanel(of: once) { space in
            for start in stride(from: columns.lowerBound, to: columns.upperBound, by: VK_PANEL) {
              let panel = start..<min(start + VK_PANEL, columns.upperBound)
              once.pack(panel, by: kernels, into: space)
              multiply(0..<x.rows, panel, space)
            }
          }
        }
      }
      withExtendedLifetime((panels, once)) {}
    } else {
      let panels = panels(pool)
      // As few parts as keep all threads busy: each part reads the whole weight.
      let round = PanelWeight.grain * pool.threadCount
      let parts = max(1, (x.rows + round - 1) / round * pool.threadCount)
      pool.runRanges(x.rows, grain: max(1, (x.rows + parts - 1) / parts)) { range, _ in
        multiply(range, 0..<y.columns, panels.base)
      }
      withExtendedLifetime(panels) {}
    }
    withExtendedLifetime(bias) {}
  }

  /// The weight as stored, the first time that this is asked.
  private func weightOfFirstUse() -> Weight? {
    state.withLock { state in
      guard case .stored(let weight) = state else { return nil }
      state = .usedOnce(weight)
      return weight
    }
  }

  private func panels(_ pool: ThreadPool) -> Panels {
    state.withLock { state in
      switch state {
      case .packed(let panels): return panels
      case .stored(let weight), .usedOnce(let weight):
        let panels = Panels(weight, kernels: kernels, pool: pool)
        weight.discardFilePages()
        state = .packed(panels)
        return panels
      }
    }
  }

  /// Calls `body` with room for one panel of `weight`.
  private func withPanel(of weight: Weight, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let count = vk_packed_count(VK_PANEL, weight.inputs)
    withUnsafeTemporaryAllocation(
      byteCount: count * MemoryLayout<Float>.stride, alignment: AlignedMemory.alignment
    ) { body($0.baseAddress!.bindMemory(to: Float.self, capacity: count)) }
  }
}

/// The packed floats of a weight.
private final class Panels: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>

  init(_ weight: Weight, kernels: KernelSet, pool: ThreadPool) {
    let (outputs, inputs) = (weight.outputs, weight.inputs)
    let count = max(vk_packed_count(outputs, inputs), 1)
    base = AlignedMemory.allocate(byteCount: count * MemoryLayout<Float>.stride)
      .baseAddress!.bindMemory(to: Float.self, capacity: count)
    pool.run((outputs + VK_PANEL - 1) / VK_PANEL) { [self] panel, _ in
      let first = panel * VK_PANEL
      weight.pack(first..<min(first + VK_PANEL, outputs), by: kernels, into: base + first * inputs)
    }
    withExtendedLifetime(weight) {}
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

extension Weight {
  /// Packs the panel of `outputs`, at most VK_PANEL, to `target`.
  fileprivate func pack(
    _ outputs: Range<Int>, by kernels: KernelSet, into target: UnsafeMutablePointer<Float>
  ) {
    if let floats {
      let rows = floats.rows(outputs)
      kernels.table.pointee.pack_panel(rows.pointer, inputs, outputs.count, inputs, 0, target)
      withExtendedLifetime(rows) {}
      return
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: outputs.count * inputs) { rows in
      guard let rows = rows.baseAddress else { return }
      copy(outputs, into: rows)
      kernels.table.pointee.pack_panel(rows, inputs, outputs.count, inputs, 0, target)
    }
  }
}
