import SANCore
import SANInference

/// Which pixels a mask holds, as COCO's run lengths.
public struct RunLengthMask: Sendable, Hashable {
  /// The picture's size.
  public let size: Grid
  /// Lengths of runs down the columns, one column after the other: of pixels outside the mask first (0 where its first
  /// pixel is inside), then inside, and so on in turn. They add up to the picture's pixels.
  public let counts: [UInt32]

  /// The masks of all classes of a label map, by label; those of classes without a pixel are empty.
  ///
  /// - Throws: ``RenderingError/unknownLabel(label:classCount:)``.
  public static func all(in labels: LabelMap, classCount: Int) throws(RenderingError) -> [RunLengthMask] {
    _ = try labels.counts(classCount: classCount)
    let (height, width) = (labels.size.height, labels.size.width)
    var counts = [[UInt32]](repeating: [], count: classCount)
    var ends = [Int](repeating: 0, count: classCount)  // of each class's last run
    var (label, start) = (LabelMap.other, 0)
    func close(at end: Int) {
      let index = Int(label)
      guard label != LabelMap.other, end > start else { return }
      counts[index].append(UInt32(start - ends[index]))
      counts[index].append(UInt32(end - start))
      ends[index] = end
    }
    // A few columns at a time are laid out as the runs go, so that the map is read along its rows.
    let panel = 32
    var columns = [UInt16](repeating: 0, count: min(panel, width) * height)  // [columns, height]
    for first in stride(from: 0, to: width, by: panel) {
      let count = min(panel, width - first)
      for y in 0..<height {
        for x in 0..<count { columns[x * height + y] = labels.labels[y * width + first + x] }
      }
      for index in 0..<count * height where columns[index] != label {
        close(at: first * height + index)
        (label, start) = (columns[index], first * height + index)
      }
    }
    close(at: labels.size.count)
    return zip(counts, ends).map { counts, end in
      let rest = labels.size.count - end
      return RunLengthMask(size: labels.size, counts: rest > 0 ? counts + [UInt32(rest)] : counts)
    }
  }

  /// Pixels inside.
  public var area: Int { inside.reduce(0) { $0 + $1.count } }

  /// The smallest rectangle around the pixels inside; of no size at (0, 0) where there are none.
  public var boundingBox: BoundingBox {
    let height = size.height
    var (left, right, top, bottom) = (Int.max, 0, Int.max, 0)
    for run in inside {
      let (first, last) = (run.lowerBound, run.upperBound - 1)
      (left, right) = (min(left, first / height), max(right, last / height))
      if first / height == last / height {
        (top, bottom) = (min(top, first % height), max(bottom, last % height))
      } else {
        (top, bottom) = (0, height - 1)
      }
    }
    guard left <= right else { return BoundingBox(x: 0, y: 0, width: 0, height: 0) }
    return BoundingBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }

  /// The run lengths as the text that pycocotools writes and reads: from the third on each as its difference to the last
  /// but one, in groups of five bits from the lowest, each a character from `0` (48) on; 32 is added where more follow.
  public var compressed: String {
    var text: [UInt8] = []
    text.reserveCapacity(counts.count * 2)
    for index in counts.indices {
      var value = Int(counts[index]) - (index > 2 ? Int(counts[index - 2]) : 0)
      var more = true
      while more {
        let group = UInt8(value & 31)
        value >>= 5
        // The highest bit of the last group is the sign.
        more = group & 16 == 0 ? value != 0 : value != -1
        text.append(group + (more ? 32 : 0) + 48)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Runs of pixels inside, counted down the columns.
  private var inside: [Range<Int>] {
    var (runs, position): ([Range<Int>], Int) = ([], 0)
    for (index, count) in counts.enumerated() {
      if index % 2 == 1 { runs.append(position..<position + Int(count)) }
      position += Int(count)
    }
    return runs
  }
}

/// A rectangle of whole pixels.
public struct BoundingBox: Sendable, Hashable {
  /// Columns left of it.
  public let x: Int
  /// Rows above it.
  public let y: Int
  /// Pixels across.
  public let width: Int
  /// Pixels down.
  public let height: Int
}
