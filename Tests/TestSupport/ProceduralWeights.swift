/// Weights and images that are a function of a name and a shape alone, so that a test can make a model of any
/// size without a file. The golden numbers were computed from the same ones.
///
/// The value i of a name is u in [-1, 1): SplitMix64, started at the FNV-1a hash of the name and stepped i +
/// 1 times; the upper 24 bits of its output over 2²³, less 1. Weights scale u according to their name.
public enum ProceduralWeights {
  /// Fills `buffer` with the weight `name` of `shape`, whose number of elements it has.
  public static func fill(
    _ buffer: UnsafeMutableBufferPointer<Float>, name: String, shape: [Int], salt: String = ""
  ) {
    precondition(buffer.count == shape.reduce(1, *), "as many values as the shape has elements")
    switch Rule(name: name, shape: shape) {
    case .constant(let value): buffer.update(repeating: value)
    case .scaled(let scale): fillUniform(buffer, salt + name) { scale * $0 }
    case .nearOne: fillUniform(buffer, salt + name) { 1 + 0.1 * $0 }
    }
  }

  /// The weight `name` of `shape` in row-major order.
  public static func values(_ name: String, _ shape: [Int], salt: String = "") -> [Float] {
    let count = shape.reduce(1, *)
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), name: name, shape: shape, salt: salt)
      initialized = count
    }
  }

  /// The normalised and padded image `name`, `[1, 3, height, width]`: blocks of 32 pixels plus noise.
  public static func image(_ name: String, height: Int, width: Int, salt: String = "") -> [Float] {
    let rows = height / 32
    let columns = width / 32
    precondition(height == rows * 32 && width == columns * 32, "sides are multiples of 32")
    let coarse = uniform(salt + name + "/coarse", count: 3 * rows * columns)
    var image = uniform(salt + name, count: 3 * height * width)
    for channel in 0..<3 {
      for y in 0..<height {
        for x in 0..<width {
          let index = (channel * height + y) * width + x
          let block = (channel * rows + y / 32) * columns + x / 32
          image[index] = coarse[block] * 1.5 + image[index] * 0.5
        }
      }
    }
    return image
  }

  /// How a weight follows from u.
  private enum Rule {
    case constant(Float)
    case scaled(Float)
    case nearOne

    init(name: String, shape: [Int]) {
      let leaf = name.split(separator: ".").last ?? ""
      if name.hasSuffix("logit_scale") {
        self = .constant(4.6051702)  // ln 100
      } else if name.hasSuffix("bias_scaling.weight") {
        self = .constant(4)
      } else if ["class_embedding", "query_embed", "bg_embed"].contains(leaf) || leaf.contains("pos_embed")
        || leaf.contains("positional_embedding") || name.contains("token_embedding")
      {
        self = .scaled(0.5)
      } else if leaf == "proj" || leaf == "text_projection" {  // stored [in, out]
        self = .scaled(Float((3 / Double(shape[0])).squareRoot()))
      } else if shape.count == 1 {
        self = leaf == "weight" ? .nearOne : .scaled(0.1)
      } else {
        let gain: Double = leaf == "in_proj_weight" || name.hasSuffix("qkv.weight") ? 2 : 1
        let inputs = shape.dropFirst().reduce(1, *)
        self = .scaled(Float(gain * (3 / Double(inputs)).squareRoot()))
      }
    }
  }

  private static func uniform(_ name: String, count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      fillUniform(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), name) { $0 }
      initialized = count
    }
  }

  @inline(__always)
  private static func fillUniform(
    _ buffer: UnsafeMutableBufferPointer<Float>, _ name: String, _ transform: (Float) -> Float
  ) {
    var state = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    for i in 0..<buffer.count {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      buffer[i] = transform(Float(Int32(truncatingIfNeeded: z >> 40)) / 0x1p23 - 1)
    }
  }
}
