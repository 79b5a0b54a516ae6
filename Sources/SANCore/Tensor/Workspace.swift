/// Scratch memory for the activations of one run, and the threads that fill it.
///
/// Memory is handed out in stack order: all that is taken within ``scope(_:)`` is given back at its end. Blocks stay
/// allocated for the next run, so a warm run of the same size allocates nothing. A workspace serves one run at a time.
public final class Workspace {
  /// The threads that kernels split their rows over.
  public let pool: ThreadPool

  /// A place in the stack of blocks.
  private struct Mark {
    var block = 0
    var offset = 0
  }

  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var top = Mark()

  private static let smallestBlock = 4 << 20

  /// A workspace whose kernels run on `pool`.
  public init(pool: ThreadPool) { self.pool = pool }

  deinit { for block in blocks { block.deallocate() } }

  /// Bytes that are allocated at present.
  package var allocatedBytes: Int { blocks.reduce(0) { $0 + $1.count } }

  /// Runs `body` and takes back all memory that it took.
  @inline(__always)
  public func scope<R>(_ body: () throws -> R) rethrows -> R {
    let mark = top
    defer { top = mark }
    return try body()
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
      top = Mark(block: top.block + 1, offset: 0)
    }
    if top.block == blocks.count {
      blocks.append(
        AlignedMemory.allocate(byteCount: max(size, Workspace.smallestBlock)))
    }
    defer { top.offset += size }
    return blocks[top.block].baseAddress! + top.offset
  }
}
