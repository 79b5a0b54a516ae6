import SANInference
import XCTest

final class ViewOptionsTests: XCTestCase {
  private func assertRefused(
    _ expected: ViewOptionsError, option: String, file: StaticString = #filePath, line: UInt = #line,
    _ make: () throws -> ViewOptions
  ) {
    XCTAssertThrowsError(try make(), file: file, line: line) { error in
      XCTAssertEqual(error as? ViewOptionsError, expected, file: file, line: line)
      XCTAssertEqual((error as? ViewOptionsError)?.option, option, file: file, line: line)
      XCTAssertFalse("\(error)".contains("\n"), file: file, line: line)
    }
  }

  func testRefusedOptions() throws {
    assertRefused(.scaleCount(0), option: "scales") { try ViewOptions(scales: []) }
    assertRefused(.scaleCount(17), option: "scales") {
      try ViewOptions(scales: (1...17).map { Double($0) / 10 })
    }
    assertRefused(.scale(0), option: "scales") { try ViewOptions(scales: [1, 0]) }
    assertRefused(.scale(4.5), option: "scales") { try ViewOptions(scales: [4.5]) }
    assertRefused(.scale(-.infinity), option: "scales") { try ViewOptions(scales: [-.infinity]) }
    XCTAssertThrowsError(try ViewOptions(scales: [.nan]))
    assertRefused(.repeatedScale(0.5), option: "scales") { try ViewOptions(scales: [0.5, 1, 0.5]) }
    assertRefused(.window(63), option: "window") { try ViewOptions(window: 63) }
    assertRefused(.window(4097), option: "window") { try ViewOptions(window: 4097) }
    assertRefused(.overlap(0.76), option: "overlap") { try ViewOptions(window: 64, overlap: 0.76) }
    assertRefused(.overlap(-0.1), option: "overlap") { try ViewOptions(window: 64, overlap: -0.1) }
    XCTAssertThrowsError(try ViewOptions(window: 64, overlap: .nan))
    XCTAssertEqual(try ViewOptions(), .one)
    XCTAssertEqual(ViewOptions.length(3, scale: 0.1), 1)
    XCTAssertEqual(ViewOptions.length(3, scale: 1.5), 5)
  }

  /// Both are refused before anything of the size is taken.
  func testRefusedPhotos() throws {
    let segmenter = try ToyModelFile.segmenter()
    let image = try RGBImage(width: 40, height: 10, pixels: Array(repeating: 7, count: 1200))
    assertRefused(.tooLarge(width: 32_000 * 4, height: 32_000), option: "scales") {
      let views = try ViewOptions(scales: [4])
      _ = try segmenter.encode(image, shortSide: 8000, views: views)
      return views
    }
    assertRefused(.tooManyViews(2 * 64 * 256), option: "window") {
      let views = try ViewOptions(flip: true, window: 64, overlap: 0)
      _ = try segmenter.encode(image, shortSide: 4096, views: views)
      return views
    }
  }
}

final class WindowAxisTests: XCTestCase {
  func testWindows() throws {
    func windows(_ extent: Int, _ side: Int, _ overlap: Double) throws -> [Range<Int>] {
      WindowAxis(extent: extent, window: try ViewOptions(window: side, overlap: overlap).window).windows
    }
    XCTAssertEqual(WindowAxis(extent: 9999, window: nil).windows, [0..<9999])
    XCTAssertEqual(try windows(100, 128, 0.25), [0..<100])
    XCTAssertEqual(try windows(128, 128, 0.25), [0..<128])
    XCTAssertEqual(try windows(129, 128, 0.25), [0..<128, 1..<129])
    XCTAssertEqual(try windows(256, 128, 0), [0..<128, 128..<256])
    XCTAssertEqual(try windows(257, 128, 0), [0..<128, 64..<192, 129..<257])
    XCTAssertEqual(try windows(217, 96, 0.25), [0..<96, 60..<156, 121..<217])
  }

  /// Every pixel of the resized photo lies in a window, neighbours share what was asked, and every pixel of the photo
  /// has weights of sum 1, each between 0 and 1, whatever the sizes.
  func testWeightsSumToOne() throws {
    for overlap in [0, 0.1, 0.25, 0.5, 0.6, 0.75] {
      for extent in [1, 63, 64, 65, 127, 128, 129, 231, 997] {
        for pixels in [1, 2, 61, 97, 128, 1001] {
          let axis = WindowAxis(extent: extent, window: try ViewOptions(window: 64, overlap: overlap).window)
          let name = "\(extent) pixels, \(overlap), a photo of \(pixels)"
          XCTAssertEqual(axis.windows.first?.lowerBound, 0, name)
          XCTAssertEqual(axis.windows.last?.upperBound, extent, name)
          for (a, b) in zip(axis.windows, axis.windows.dropFirst()) {
            let shared = Double(a.upperBound - b.lowerBound)
            XCTAssertGreaterThanOrEqual(shared, (64 * overlap).rounded(.down), name)
            XCTAssertEqual(b.count, 64, name)
          }
          var sums = [Double](repeating: 0, count: pixels)
          for share in axis.shares(pixels: pixels) {
            XCTAssertEqual(share.pixels.count, share.weights.count, name)
            for (pixel, weight) in zip(share.pixels, share.weights) {
              XCTAssert((0...1).contains(weight), name)
              sums[pixel] += Double(weight)
            }
          }
          for sum in sums { XCTAssertEqual(sum, 1, accuracy: 1e-6, name) }
        }
      }
    }
  }

  /// Weights fall towards a border that a neighbour shares, and not towards the photo's.
  func testWeightsFallTowardsSharedBorders() throws {
    let axis = WindowAxis(extent: 160, window: try ViewOptions(window: 96, overlap: 1.0 / 3).window)
    XCTAssertEqual(axis.windows, [0..<96, 64..<160])
    let shares = axis.shares(pixels: 160)
    XCTAssertEqual(shares.map(\.pixels), [0..<96, 64..<160])
    XCTAssertEqual(shares[0].weights[..<64], Array(repeating: 1, count: 64)[...])
    for step in 0..<32 {
      let rising = (Float(step) + 0.5) / 32
      XCTAssertEqual(shares[1].weights[step], rising, accuracy: 1e-6)
      XCTAssertEqual(shares[0].weights[64 + step], 1 - rising, accuracy: 1e-6)
    }
    XCTAssertEqual(shares[1].weights[32...], Array(repeating: 1, count: 64)[...])
  }
}
