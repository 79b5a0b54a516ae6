/// Scratch memory for the activations of one run, and the threads that fill it.
///
/// Memory is handed out in stack order: all that is taken within ``scope(_:)`` is given back at its end. It stays
/// allocated for the next run, so a warm run of the same size allocates nothing; what stays is one block of the most that
/// was in use at once. A workspace serves one run at a time.
///
/// The compiler does not see that a matrix outlives its scope: types that cannot escape are still an experiment of
/// Swift's. Debug builds therefore fill what a scope took with NaN as it ends, so that whoever reads it later fails.
public final class Workspace {
  /// The threads that kernels split their rows over.
  public let pool: ThreadPool

  /// A place in the stack of blocks.
  private struct Mark {
    var block = 0
    var offset = 0
    /// Bytes in use below it, without the ends of blocks that were too small for what came next.
    var used = 0
  }

  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var top = Mark()
  /// The most bytes that were in use at once.
  private var mostUsed = 0
  private let fillsEndedScopes: Bool

  private static let smallestBlock = 4 << 20

  /// A workspace whose kernels run on `pool`.
  public convenience init(pool: ThreadPool) {
    #if DEBUG
      self.init(pool: pool, fillsEndedScopes: true)
    #else
      self.init(pool: pool, fillsEndedScopes: false)
    #endif
  }

  /// A workspace that fills what a scope took with NaN as it ends, or leaves it.
  package init(pool: ThreadPool, fillsEndedScopes: Bool) {
    (self.pool, self.fillsEndedScopes) = (pool, fillsEndedScopes)
  }

  deinit { for block in blocks { block.deallocate() } }

  /// Bytes that are allocated at present.
  package var allocatedBytes: Int { blocks.reduce(0) { $0 + $1.count } }

  /// Runs `body` and takes back all memory that it took.
  @inline(__always)
  public func scope<R>(_ body: () throws -> R) rethrows -> R {
    let mark = top
    defer { giveBack(mark) }
    return try body()
  }

  /// Takes back all that was taken since `mark`.
  private func giveBack(_ mark: Mark) {
    if fillsEndedScopes { fill(from: mark) }
    top = mark
    if mark.used == 0 && blocks.count > 1 { joinBlocks() }
  }

  /// Puts one block in the place of several, none of which is in use: a run that needed more than the last would otherwise
  /// leave a block beside those that were too small.
  private func joinBlocks() {
    for block in blocks { block.deallocate() }
    blocks = []  // first, so that old and new are never there together
    blocks = [AlignedMemory.allocate(byteCount: max(mostUsed, Workspace.smallestBlock))]
  }

  private func fill(from mark: Mark) {
    for index in mark.block..<min(top.block + 1, blocks.count) {
      let start = index == mark.block ? mark.offset : 0
      let end = index == top.block ? top.offset : blocks[index].count
      let part = UnsafeMutableRawBufferPointer(rebasing: blocks[index][start..<max(start, end)])
      part.bindMemory(to: Float.self).update(repeating: .nan)
    }
  }

  /// An uninitialised `rows × columns` matrix, aligned to 64 bytes, valid to the end of the present scope.
  public func matrix(_ rows: Int, _ columns: Int) -> Matrix {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    precondition(!overflow && count >= 0 && count < Int.max / 8, "a matrix has a sound size")
    let raw = take(bytes: count * MemoryLayout<Float>.stride)
    return Matrix(raw.bindMemory(to: Float.self, capacity: count), rows: rows, columns: columns)
  }

  /// As ``matrix(_:_:)``, with rows never whole pages apart: such rows would compete for the same places in the cache
  /// where a product reads several of them at once.
  func paddedMatrix(_ rows: Int, _ columns: Int) -> Matrix {
    let page = 4096 / MemoryLayout<Float>.stride
    return matrix(rows, columns.isMultiple(of: page) ? columns + 16 : columns).columns(0..<columns)
  }

  private func take(bytes: Int) -> UnsafeMutableRawPointer {
    let size = (max(bytes, 1) + AlignedMemory.alignment - 1) & ~(AlignedMemory.alignment - 1)
    while top.block < blocks.count {
      if blocks[top.block].count - top.offset >= size { break }
      (top.block, top.offset) = (top.block + 1, 0)
    }
    if top.block == blocks.count {
      blocks.append(
        AlignedMemory.allocate(byteCount: max(size, Workspace.smallestBlock)))
    }
    defer {
      top.offset += size
      top.used += size
      mostUsed = max(mostUsed, top.used)
    }
    return blocks[top.block].baseAddress! + top.offset
  }
}
