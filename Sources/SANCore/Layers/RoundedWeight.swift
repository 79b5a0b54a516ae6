import CVectorKernels
import Synchronization

/// A weight until its first product, and from then on its panels, in whose favour the memory of the weight is given back.
final class RoundedPanels<Panels: Sendable>: Sendable {
  private enum State {
    case stored(Weight)
    case packed(Panels)
  }

  private let state: Mutex<State>

  init(_ weight: Weight) { state = Mutex(.stored(weight)) }

  /// The panels, which the first call has made.
  func packed(by pack: (Weight) -> Panels) -> Panels {
    state.withLock { state in
      switch state {
      case .packed(let panels): return panels
      case .stored(let weight):
        let panels = pack(weight)
        weight.discardFilePages()
        state = .packed(panels)
        return panels
      }
    }
  }
}

/// How threads share a product of rows, which are rounded first, with a weight in panels.
enum RoundedProduct {
  /// Rows that one thread takes at a time, at most.
  private static let grain = 256

  /// Shares of the panels that a thread takes one after the other.
  private static let sharesEach = 4

  /// - Parameters:
  ///   - round: rounds some of the rows.
  ///   - multiply: makes the product of some rows, rounded by then, and some outputs.
  static func run(
    rows: Int, outputs: Int, pool: ThreadPool, round: @Sendable (Range<Int>) -> Void,
    multiply: @Sendable (_ rows: Range<Int>, _ outputs: Range<Int>) -> Void
  ) {
    if rows < outputs {
      // The weight is larger than the rows: each thread reads its own panels, and all rows.
      pool.runRanges(rows, grain: 16) { range, _ in round(range) }
      let count = (outputs + VK_PANEL - 1) / VK_PANEL
      pool.runRanges(count, grain: max(1, count / (pool.threadCount * sharesEach))) { range, _ in
        multiply(0..<rows, range.lowerBound * VK_PANEL..<min(range.upperBound * VK_PANEL, outputs))
      }
    } else {
      // As few parts as keep all threads busy: each part reads the whole weight.
      let turn = grain * pool.threadCount
      let parts = max(1, (rows + turn - 1) / turn * pool.threadCount)
      pool.runRanges(rows, grain: max(1, (rows + parts - 1) / parts)) { range, _ in
        round(range)
        multiply(range, 0..<outputs)
      }
    }
  }
}
