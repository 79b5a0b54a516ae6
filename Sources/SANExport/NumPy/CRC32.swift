/// The checksum of zip and PNG files, of pieces that come in any order.
///
/// It is linear over bits: the sum of a whole file is the exclusive or of what each piece would give with zeros before and
/// after it, and zeros after a piece multiply its sum by a power of x.
package struct CRC32 {
  /// The polynomial, the coefficient of x⁰ in the highest bit.
  private static let polynomial: UInt32 = 0xEDB8_8320

  /// The register after a byte and 0 to 7 zero bytes, `[8, 256]`.
  private static let table: [UInt32] = {
    var table = (0..<256).map { (byte: UInt32) in
      (0..<8).reduce(byte) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ polynomial : sum >> 1 }
    }
    for index in 256..<2048 {
      let last = table[index - 256]
      table.append(last >> 8 ^ table[Int(last & 255)])
    }
    return table
  }()

  /// x to the power of 2⁰, 2¹, … 2³¹; from there on they come round again.
  private static let powers: [UInt32] = {
    var powers: [UInt32] = [1 << 30]
    for _ in 1..<32 { powers.append(multiply(powers[powers.count - 1], powers[powers.count - 1])) }
    return powers
  }()

  private let length: Int
  private var sum: UInt32

  /// The sum of `length` bytes, all zero as yet.
  package init(length: Int) {
    self.length = length
    // The register starts with all bits set.
    sum = Self.shift(~0, zeros: length)
  }

  /// Takes in a piece at `offset`. No two pieces may overlap.
  package mutating func add(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    precondition(offset >= 0 && offset + bytes.count <= length, "a piece of the whole")
    sum ^= Self.shift(Self.register(bytes), zeros: length - offset - bytes.count)
  }

  /// The checksum as files hold it.
  package var value: UInt32 { ~sum }

  /// The register after `bytes`, from 0.
  private static func register(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum: UInt32 = 0
    var position = 0
    // Eight bytes a step.
    table.withUnsafeBufferPointer { table in
      while position + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let mixed = word ^ UInt64(sum)
        sum = 0
        for byte in 0..<8 {
          sum ^= table[(7 - byte) * 256 + Int(mixed >> (8 * UInt64(byte)) & 255)]
        }
        position += 8
      }
      while position < bytes.count {
        sum = sum >> 8 ^ table[Int((sum ^ UInt32(bytes[position])) & 255)]
        position += 1
      }
    }
    return sum
  }

  /// The register after `zeros` more bytes that are zero.
  private static func shift(_ sum: UInt32, zeros: Int) -> UInt32 {
    var (sum, bits, power) = (sum, zeros, 3)  // 2³ bits a byte
    while bits > 0 {
      if bits & 1 == 1 { sum = multiply(sum, powers[power % 32]) }
      (bits, power) = (bits >> 1, power + 1)
    }
    return sum
  }

  /// The product of two polynomials, modulo ours.
  private static func multiply(_ a: UInt32, _ b: UInt32) -> UInt32 {
    var (product, b): (UInt32, UInt32) = (0, b)
    for bit in stride(from: 31, through: 0, by: -1) {
      if a >> UInt32(bit) & 1 == 1 { product ^= b }
      b = b & 1 == 1 ? b >> 1 ^ polynomial : b >> 1
    }
    return product
  }
}
