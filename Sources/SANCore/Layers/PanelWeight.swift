import CVectorKernels
import Synchronization

/// A weight in panels of 48 outputs: each panel holds, input by input, what goes to its outputs.
///
/// A large weight's first product packs a panel, uses it and forgets it: a program that labels one photo writes no second
/// copy of the weights. From the second product on the panels are kept, and take the place of the weight as stored, whose
/// memory is given back. Parts of a model that never run cost nothing.
final class PanelWeight: Sendable {
  private let kernels: KernelSet
  private let state: Mutex<State>

  private enum State {
    case stored(Tensor)
    case usedOnce(Tensor)
    case packed(Panels)
  }

  /// Rows that one thread takes at a time, at most: they share the second-level cache with a block of a panel.
  private static let grain = 256

  /// Shares of the panels that a thread takes one after the other: a thread that is held up leaves some to others.
  private static let sharesEach = 4

  /// The weight `[outputs, inputs]`, for a set of kernels.
  init(_ weight: Tensor, kernels: KernelSet) {
    self.kernels = kernels
    state = Mutex(.stored(weight))
  }

  /// y = activation(x·Wᵀ + bias), or y += x·Wᵀ + bias where `accumulate` is set, work split over `pool`.
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
              kernels.table.pointee.pack_panel(
                once.pointer + start * x.columns, x.columns, panel.count, x.columns, 0, space)
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
  private func weightOfFirstUse() -> Tensor? {
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
  private func withPanel(of weight: Tensor, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let count = vk_packed_count(VK_PANEL, weight.shape[1])
    withUnsafeTemporaryAllocation(
      byteCount: count * MemoryLayout<Float>.stride, alignment: AlignedMemory.alignment
    ) { body($0.baseAddress!.bindMemory(to: Float.self, capacity: count)) }
  }
}

/// The packed floats of a weight.
private final class Panels: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>

  init(_ weight: Tensor, kernels: KernelSet, pool: ThreadPool) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let count = max(vk_packed_count(outputs, inputs), 1)
    base = AlignedMemory.allocate(byteCount: count * MemoryLayout<Float>.stride)
      .baseAddress!.bindMemory(to: Float.self, capacity: count)
    pool.run((outputs + VK_PANEL - 1) / VK_PANEL) { [self] panel, _ in
      kernels.table.pointee.pack_panel(weight.pointer, inputs, outputs, inputs, panel, base)
    }
    withExtendedLifetime(weight) {}
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
