/// Runs `body(0)` to `body(count − 1)`, in any order and on any threads, and returns when all are done.
public typealias ParallelRows = (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

extension RGBImage {
  /// Resizes as Pillow's `Image.resize` does for 8-bit RGB, to the last bit: antialiased, columns first,
  /// the result of each pass rounded to 8 bits. That is the order of every Pillow up to 12.0, with which the
  /// model's reference was run; later ones begin with the rows for some sizes (tall pictures, mostly), which
  /// moves some values by one or two.
  ///
  /// - Parameters:
  ///   - size: the new size.
  ///   - filter: the resampling filter.
  ///   - parallel: runs bands of rows; one after another by default. The result does not depend on it.
  /// - Throws: ``SegmenterError/targetSize(width:height:)`` where the size is not within ``ImageLimits``.
  public func resized(
    to size: TargetSize, filter: ResamplingFilter,
    parallel: ParallelRows = { count, body in (0..<count).forEach(body) }
  ) throws(SegmenterError) -> RGBImage {
    guard ImageLimits.allow(width: size.width, height: size.height) else {
      throw .targetSize(width: size.width, height: size.height)
    }
    if size.width == width && size.height == height { return self }
    let resampler = PillowResampler(
      horizontal: ResamplingTable(from: width, to: size.width, filter: filter),
      vertical: ResamplingTable(from: height, to: size.height, filter: filter),
      sourceWidth: width, width: size.width, height: size.height)
    let resized = [UInt8](unsafeUninitializedCapacity: size.width * size.height * 3) { target, filled in
      pixels.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        resampler.run(from: from, to: to, parallel: parallel)
      }
      filled = size.width * size.height * 3
    }
    return RGBImage(width: size.width, height: size.height, checked: resized)
  }
}

/// Pillow's two-pass resize in bands of output rows and tiles of output columns, so that what lies between
/// the passes stays in the processor's cache whatever the picture's size.
private struct PillowResampler: Sendable {
  let horizontal, vertical: ResamplingTable
  let sourceWidth: Int
  let width, height: Int

  /// Output rows a band: enough that the source rows two neighbours both need cost little.
  private static let bandRows = 64
  /// Bytes between the passes.
  private static let tileBytes = 1 << 21

  func run(from source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, parallel: ParallelRows)
  {
    let bands = (height + Self.bandRows - 1) / Self.bandRows
    // Bands write disjoint rows.
    nonisolated(unsafe) let (source, target) = (source, target)
    parallel(bands) { band in
      let first = band * Self.bandRows
      resize(rows: first..<min(first + Self.bandRows, height), from: source, to: target)
    }
  }

  private func resize(
    rows: Range<Int>, from source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
  ) {
    let last = rows.upperBound - 1
    let sourceRows = vertical.first[rows.lowerBound]..<vertical.first[last] + vertical.count[last]
    let tileWidth = min(width, max(16, Self.tileBytes / (3 * sourceRows.count)))
    // [source rows, tile columns, 3]
    let between = UnsafeMutablePointer<UInt8>.allocate(capacity: sourceRows.count * tileWidth * 3)
    let pairs = UnsafeMutablePointer<UInt64>.allocate(capacity: sourceWidth * 3)
    let sums = UnsafeMutablePointer<Int32>.allocate(capacity: tileWidth * 3)
    defer {
      between.deallocate()
      pairs.deallocate()
      sums.deallocate()
    }
    for left in stride(from: 0, to: width, by: tileWidth) {
      let columns = left..<min(left + tileWidth, width)
      let stride = columns.count * 3
      for y in Swift.stride(from: 0, to: sourceRows.count, by: 2) {
        // An odd last row is paired with itself.
        let next = min(y + 1, sourceRows.count - 1)
        shrinkColumns(
          source + (sourceRows.lowerBound + y) * sourceWidth * 3,
          source + (sourceRows.lowerBound + next) * sourceWidth * 3,
          columns: columns, pairs: pairs, to: between + y * stride, between + next * stride)
      }
      for y in rows {
        shrinkRows(
          between + (vertical.first[y] - sourceRows.lowerBound) * stride, row: y, stride: stride, sums: sums,
          to: target + (y * width + left) * 3)
      }
    }
  }

  /// Half a unit, so that cutting the fraction off rounds.
  private static let half = Int32(1) << (ResamplingTable.fractionBits - 1)

  /// The horizontal pass over two rows at once: the sums of both live in one 64-bit number. Modulo 2⁶⁴,
  /// Σ w·(a + 2³²·b) is Σ w·a + 2³²·Σ w·b, and both sums fit 32 bits.
  private func shrinkColumns(
    _ upper: UnsafePointer<UInt8>, _ lower: UnsafePointer<UInt8>, columns: Range<Int>,
    pairs: UnsafeMutablePointer<UInt64>,
    to upperTarget: UnsafeMutablePointer<UInt8>, _ lowerTarget: UnsafeMutablePointer<UInt8>
  ) {
    let last = columns.upperBound - 1
    for i in horizontal.first[columns.lowerBound] * 3..<(horizontal.first[last] + horizontal.count[last]) * 3
    {
      pairs[i] = UInt64(upper[i]) | UInt64(lower[i]) << 32
    }
    let start = UInt64(Self.half) | UInt64(Self.half) << 32
    horizontal.weights.withUnsafeBufferPointer { weights in
      var to = 0
      for x in columns {
        let pixels = pairs + horizontal.first[x] * 3
        let row = x * horizontal.most
        var (red, green, blue) = (start, start, start)
        for t in 0..<horizontal.count[x] {
          let weight = UInt64(bitPattern: Int64(weights[row + t]))
          red &+= pixels[3 * t] &* weight
          green &+= pixels[3 * t + 1] &* weight
          blue &+= pixels[3 * t + 2] &* weight
        }
        (upperTarget[to], lowerTarget[to]) = Self.split(red)
        (upperTarget[to + 1], lowerTarget[to + 1]) = Self.split(green)
        (upperTarget[to + 2], lowerTarget[to + 2]) = Self.split(blue)
        to += 3
      }
    }
  }

  /// Takes the two sums apart and rounds them.
  private static func split(_ sums: UInt64) -> (UInt8, UInt8) {
    let low = Int32(truncatingIfNeeded: sums)
    let high = Int32(truncatingIfNeeded: (sums &- UInt64(bitPattern: Int64(low))) >> 32)
    return (round(low), round(high))
  }

  private static func round(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> Int32(ResamplingTable.fractionBits))))
  }

  /// The vertical pass for one output row: `source` is its first row of the first pass's result.
  private func shrinkRows(
    _ source: UnsafePointer<UInt8>, row: Int, stride: Int, sums: UnsafeMutablePointer<Int32>,
    to target: UnsafeMutablePointer<UInt8>
  ) {
    for i in 0..<stride { sums[i] = Self.half }
    for t in 0..<vertical.count[row] {
      let weight = vertical.weights[row * vertical.most + t]
      let line = source + t * stride
      for i in 0..<stride { sums[i] &+= Int32(line[i]) &* weight }
    }
    for i in 0..<stride { target[i] = Self.round(sums[i]) }
  }
}
