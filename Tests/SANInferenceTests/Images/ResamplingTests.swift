import Foundation
import SANInference
import TestSupport
import XCTest

/// Resizing against Pillow's two passes, byte for byte.
final class ResamplingTests: XCTestCase {
  func testEverySizeEqualsPillow() throws {
    let (index, expected) = try ImageFixtures.load()
    let resizes = try XCTUnwrap(index.resizes)
    XCTAssertEqual(resizes.count, 66)
    for resize in resizes {
      let (width, height) = (resize.to[0], resize.to[1])
      let name = "\(resize.from) to \(resize.to), \(resize.filter)"
      let pixels = noise(count: resize.from[0] * resize.from[1] * 3, seed: resize.seed)
      let source = try RGBImage(width: resize.from[0], height: resize.from[1], pixels: pixels)
      let filter = try XCTUnwrap(ResamplingFilter(rawValue: resize.filter))
      let result = try source.resized(to: TargetSize(width: width, height: height), filter: filter)
      XCTAssertEqual([result.width, result.height], resize.to, name)
      XCTAssertEqual(result.pixels.count, width * height * 3, name)
      XCTAssertEqual(crc32(result.pixels), resize.crc32, name)
      if let offset = resize.offset {
        let wrong = zip(result.pixels, expected[offset...]).filter { $0 != $1 }
        XCTAssertEqual(wrong.count, 0, "\(name): \(wrong.prefix(5))")
      }
    }
  }

  func testThreadsChangeNothing() throws {
    let source = try RGBImage(width: 700, height: 500, pixels: noise(count: 1_050_000, seed: 1))
    for filter in ResamplingFilter.allCases {
      for size in try [TargetSize(width: 333, height: 777), TargetSize(width: 90, height: 200)] {
        let serial = try source.resized(to: size, filter: filter)
        let threaded = try source.resized(to: size, filter: filter) { count, body in
          DispatchQueue.concurrentPerform(iterations: count, execute: body)
        }
        XCTAssertEqual(serial, threaded)
      }
    }
  }

  func testTheSameSizeIsTheSamePicture() throws {
    let source = try RGBImage(width: 20, height: 10, pixels: noise(count: 600, seed: 2))
    XCTAssertEqual(try source.resized(to: TargetSize(width: 20, height: 10), filter: .bicubic), source)
  }
}

/// The two rules for the size the network sees.
final class TargetSizeTests: XCTestCase {
  /// Width, height, and what `int(long * 640 / short)` gives in Python.
  func testDemo() throws {
    let cases: [(Int, Int, Int, Int)] = [
      (640, 640, 640, 640), (4000, 3000, 853, 640), (3000, 4000, 640, 853), (451, 300, 962, 640),
      (1, 1, 640, 640), (33, 47, 640, 911), (2560, 640, 2560, 640), (500, 1999, 640, 2558),
    ]
    for (width, height, w, h) in cases {
      XCTAssertEqual(try TargetSize.demo(width: width, height: height), try TargetSize(width: w, height: h))
    }
    XCTAssertEqual(
      try TargetSize.demo(width: 451, height: 300, shortSide: 320), try TargetSize(width: 481, height: 320))
  }

  func testDemoBoundsLongPictures() throws {
    let cases: [(Int, Int, Int, Int)] = [
      (3000, 2, 2560, 1), (2, 3000, 1, 2560), (8000, 1000, 2560, 320), (4001, 1000, 2560, 640),
      (4010, 1000, 2560, 638), (65_535, 1, 2560, 1),
    ]
    for (width, height, w, h) in cases {
      XCTAssertEqual(try TargetSize.demo(width: width, height: height), try TargetSize(width: w, height: h))
    }
  }

  /// Results of the evaluation's resize rule in Python.
  func testEvaluation() throws {
    let cases: [(Int, Int, Int, Int)] = [
      (640, 640, 640, 640), (4000, 3000, 853, 640), (451, 300, 962, 640), (33, 47, 640, 912),
      (500, 1999, 640, 2559), (8000, 1000, 2560, 320), (3000, 2, 2560, 2), (3000, 1, 2560, 1),
      (65_535, 1, 2560, 1), (683, 512, 854, 640), (1025, 1000, 656, 640),
    ]
    for (width, height, w, h) in cases {
      XCTAssertEqual(
        try TargetSize.evaluation(width: width, height: height), try TargetSize(width: w, height: h))
    }
    XCTAssertEqual(
      try TargetSize.evaluation(width: 2000, height: 500, shortSide: 512, longSideLimit: 1024),
      try TargetSize(width: 1024, height: 256))
  }

  /// Sizes out of range end in an error, and none of the others in a trap.
  func testSizesOutOfRange() throws {
    for bad in [0, -1, .min, .max, TargetSize.maximumSide + 1] {
      for (width, height) in [(bad, 5), (5, bad), (bad, bad)] {
        let expected = SegmenterError.targetSize(width: width, height: height)
        let calls: [() throws -> TargetSize] = [
          { try TargetSize(width: width, height: height) }, { try .demo(width: width, height: height) },
          { try .evaluation(width: width, height: height) },
        ]
        for call in calls {
          XCTAssertThrowsError(try call()) { XCTAssertEqual($0 as? SegmenterError, expected) }
        }
      }
      let shortSides: [() throws -> TargetSize] = [
        { try .demo(width: 5, height: 5, shortSide: bad) },
        { try .evaluation(width: 5, height: 5, shortSide: bad) },
      ]
      for call in shortSides {
        XCTAssertThrowsError(try call()) { XCTAssertEqual($0 as? SegmenterError, .shortSide(bad)) }
      }
      XCTAssertThrowsError(try TargetSize.evaluation(width: 5, height: 5, longSideLimit: bad)) {
        XCTAssertEqual($0 as? SegmenterError, .longSideLimit(bad))
      }
    }
    let extremes = [1, 2, 65_535, TargetSize.maximumSide - 1, TargetSize.maximumSide]
    for width in extremes {
      for height in extremes {
        for side in extremes {
          for size in [
            try? TargetSize.demo(width: width, height: height, shortSide: side),
            try? .evaluation(width: width, height: height, shortSide: side, longSideLimit: side),
            try? .evaluation(width: width, height: height, shortSide: 1, longSideLimit: side),
          ] {
            if let size { XCTAssertTrue(size.width >= 1 && size.height >= 1) }
          }
        }
      }
    }
    let picture = try RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6])
    for (width, height) in [(65_536, 1), (65_535, 65_535)] {
      XCTAssertThrowsError(
        try picture.resized(to: TargetSize(width: width, height: height), filter: .bilinear)
      ) { XCTAssertEqual($0 as? SegmenterError, .targetSize(width: width, height: height)) }
    }
  }
}
