import Foundation
import SANCore
import TestSupport
import XCTest

/// Weights in the types of files, against the same numbers in single precision.
final class WeightTests: XCTestCase {
  /// The numbers of `values` as `type`, and the memory that they lie in, at an odd address.
  private func stored(_ values: [Float], as type: ElementType, shape: [Int]) -> Weight {
    let bytes = values.flatMap { value in
      let bits = type == .float16 ? FloatConversion.half(value) : FloatConversion.bfloat16(value)
      return [UInt8(bits & 0xFF), UInt8(bits >> 8)]
    }
    let memory = NSMutableData(length: bytes.count + 1)!
    (memory.mutableBytes + 1).copyMemory(from: bytes, byteCount: bytes.count)
    return Weight(bytes: memory.bytes + 1, type: type, shape: shape, owner: memory)
  }

  private func widened(_ values: [Float], as type: ElementType) -> [Float] {
    values.map {
      type == .float16
        ? FloatConversion.single(half: FloatConversion.half($0))
        : FloatConversion.single(bfloat16: FloatConversion.bfloat16($0))
    }
  }

  func testNumbersInAnyOrder() {
    let (outputs, inputs) = (7, 5)
    let values = Floats(outputs * inputs, seed: 4).values
    for type in [ElementType.float16, .bfloat16] {
      let weight = stored(values, as: type, shape: [outputs, inputs])
      let wide = widened(values, as: type)
      XCTAssertEqual(weight.tensor.values, wide)
      let turned = (0..<inputs).flatMap { i in (0..<outputs).map { wide[$0 * inputs + i] } }
      XCTAssertEqual(weight.transposed.tensor.values, turned)
      XCTAssertEqual(weight.transposed.transposed.tensor.values, wide)
      XCTAssertEqual(weight.rows(2..<5).tensor.values, Array(wide[2 * inputs..<5 * inputs]))
      XCTAssertEqual(
        weight.rows(2..<5).transposed.tensor.values,
        Weight(Tensor(shape: [outputs, inputs], wide)).rows(2..<5).transposed.tensor.values)
    }
  }

  /// A layer of half-precision numbers is that of the same numbers in single precision, to the last bit, however often it runs.
  func testLinearLayers() {
    let pool = ThreadPool(threads: 2)
    for kernels in KernelSet.available {
      for (rows, inputs, outputs) in [(3, 5, 2), (50, 70, 131), (9, 600, 100)] {
        let values = Floats(outputs * inputs, seed: 1).values
        let bias = Floats(outputs, seed: 2).tensor([outputs])
        let x = Floats(rows * inputs, seed: 3)
        for type in [ElementType.float16, .bfloat16] {
          let narrow = stored(values, as: type, shape: [outputs, inputs])
          let wide = Weight(Tensor(shape: [outputs, inputs], widened(values, as: type)))
          for isTransposed in [false, true] {
            // The transpose of the transpose stores rows and columns exchanged, and is the same map.
            let other = isTransposed ? Weight(wide.transposed.tensor).transposed : narrow
            let layers = [wide, other].map { Linear($0, bias: bias, kernels: kernels) }
            for _ in 0..<3 {
              let results = layers.map { layer in
                let y = Floats(rows * outputs)
                layer(x.matrix(rows, inputs), into: y.matrix(rows, outputs), activation: .gelu, pool: pool)
                return y.values
              }
              XCTAssertEqual(results[0], results[1], "\(kernels) \(type) \(rows)×\(inputs)×\(outputs)")
            }
          }
        }
      }
    }
  }
}
