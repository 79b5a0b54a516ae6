/// Damages bytes in ways that depend on a seed alone: flipped bits, cuts, copies of other parts, and extreme
/// numbers.
struct Mutator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 up to, not including, `limit`.
  private mutating func number(below limit: Int) -> Int {
    limit > 0 ? Int(next() % UInt64(limit)) : 0
  }

  /// One to four changes of `bytes`, most of them within the first `focus`.
  mutating func mutated(_ bytes: [UInt8], focus: Int) -> [UInt8] {
    var result = bytes
    for _ in 0...number(below: 4) {
      let range = next() % 4 == 0 ? result.count : min(focus, result.count)
      guard range > 0 else { return result }
      let position = number(below: range)
      switch next() % 8 {
      case 0, 1, 2: result[position] ^= 1 << UInt8(next() % 8)
      case 3: result[position] = UInt8(truncatingIfNeeded: next())
      case 4:
        let count = min(number(below: 64), result.count - position)
        let source = number(below: result.count - count)
        result.replaceSubrange(position..<position + count, with: Array(result[source..<source + count]))
      case 5:
        let extremes: [UInt64] = [0, 1, .max, .max >> 1, 1 << 63, 1 << 32, 0xFFFF_FFFF, 0x7FFF_FFFF, 1 << 62]
        let extreme = extremes[number(below: extremes.count)]
        let width = min([1, 2, 4, 8][number(below: 4)], result.count - position)
        result.replaceSubrange(position..<position + width, with: littleEndian(extreme).prefix(width))
      case 6: result.removeSubrange(position..<position + min(number(below: 16), result.count - position))
      default:
        if next() % 4 == 0 {
          result.removeSubrange(position...)
        } else {
          result.insert(result[position], at: position)
        }
      }
    }
    return result
  }
}
