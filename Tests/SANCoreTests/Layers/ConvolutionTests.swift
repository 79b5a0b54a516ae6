import SANCore
import XCTest

/// Depthwise convolutions of every kernel set against sums in double precision.
final class ConvolutionTests: XCTestCase {
  private struct Source: ParameterSource {
    let weight, bias: Tensor
    func tensor(_ name: String, _ shape: [Int]) -> Tensor { bias }
    func weight(_ name: String, _ shape: [Int]) -> Weight { Weight(weight.reshaped(shape)) }
  }

  func testDepthwise() {
    let pool = ThreadPool(threads: 2)
    for kernels in KernelSet.tested {
      for (channels, size, stride, height, width) in [
        (1, 3, 1, 1, 1), (5, 3, 2, 2, 4), (16, 5, 1, 3, 7), (17, 5, 2, 6, 2), (70, 3, 1, 5, 4),
        (130, 5, 1, 2, 9),
        (96, 3, 2, 8, 6), (64, 5, 2, 4, 4),
      ] {
        let weight = Floats(channels * size * size, seed: 1)
        let bias = Floats(channels, seed: 2, range: 4)
        let x = Floats(height * width * channels, seed: 3, range: 6)
        let layer = DepthwiseConvolution(
          ParameterScope(
            Source(
              weight: weight.tensor([channels, size * size]), bias: bias.tensor([channels]))),
          channels: channels, kernelSize: size, stride: stride)
        let grid = Grid(height: height, width: width)
        let out = layer.grid(of: grid)
        let y = Floats(out.count * channels)
        layer(
          x.matrix(grid.count, channels), grid: grid, into: y.matrix(out.count, channels), pool: pool,
          kernels: kernels)
        let before = (size - stride) / 2
        for row in 0..<out.height {
          for column in 0..<out.width {
            for channel in 0..<channels {
              var (sum, magnitude) = (Double(bias[channel]), abs(Double(bias[channel])))
              for dy in 0..<size {
                for dx in 0..<size {
                  let (a, b) = (row * stride - before + dy, column * stride - before + dx)
                  guard (0..<height).contains(a), (0..<width).contains(b) else { continue }
                  let product =
                    Double(weight[(channel * size + dy) * size + dx])
                    * Double(x[(a * width + b) * channels + channel])
                  sum += product
                  magnitude += abs(product)
                }
              }
              let found = Double(y[(row * out.width + column) * channels + channel])
              let bound = Double(size * size + 2) * rounding * magnitude
              XCTAssertEqual(
                found, min(max(sum, 0), 6), accuracy: bound,
                "\(kernels) \(channels) channels, \(size)×\(size) by \(stride)")
            }
          }
        }
      }
    }
  }
}
