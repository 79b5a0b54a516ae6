import SANCore
import SANExport
import SANInference
import XCTest

/// Colours and contours of the photo's part.
final class OverlayTests: XCTestCase {
  private let plain = Overlay.Options(contours: false, legend: .none)

  func testBlend() throws {
    // Class 0 is 224 36 60. Half: (100 · 128 + 224 · 128 + 128) / 256 = 162.5, of which the whole part
    // counts.
    let image = try RGBImage(
      width: 3, height: 1, pixels: [100, 100, 100, 0, 255, 7, 9, 8, 7])
    let labels = Pictures.labels("0.1")
    let half = try Overlay.render(image, labels: labels, classes: ["a", "b"], options: plain)
    // Class 1 is 40 120 240: (9 · 128 + 40 · 128 + 128) / 256 = 25; 64.5; 124.
    XCTAssertEqual(half.pixels, [162, 68, 80, 0, 255, 7, 25, 64, 124])

    var options = plain
    options.opacity = 0
    XCTAssertEqual(try Overlay.render(image, labels: labels, classes: ["a", "b"], options: options), image)
    options.opacity = 1
    XCTAssertEqual(
      try Overlay.render(image, labels: labels, classes: ["a", "b"], options: options).pixels,
      [224, 36, 60, 0, 255, 7, 40, 120, 240])
    options.opacity = 0.25  // 64 of 256: (100 · 192 + 224 · 64 + 128) / 256 = 131.5; 84.5; 90.5
    XCTAssertEqual(
      try Overlay.render(image, labels: labels, classes: ["a", "b"], options: options).pixels,
      [131, 84, 90, 0, 255, 7, 17, 36, 65])
  }

  func testThinContours() throws {
    let labels = Pictures.labels(
      """
      00001
      00001
      ..001
      .2222
      .2222
      """)
    let image = try Pictures.gray(50, width: 5, height: 5)
    let drawn = try Overlay.render(
      image, labels: labels, classes: ["a", "b", "c"], options: .init(opacity: 0, legend: .none))
    let contour = contours(of: drawn, over: image, labels: labels)
    XCTAssertEqual(contour, ["...##", "##.##", "..###", ".####", ".#..."])
  }

  func testWiderContours() throws {
    for (side, width) in [(399, 1), (400, 2), (1199, 2), (1200, 3), (1999, 3), (2000, 4), (2500, 5)] {
      // Left half class 0, right half other: the last `width` columns of class 0 are its contour.
      let row = (0..<side).map { $0 < 200 ? 0 : LabelMap.other }
      let labels = LabelMap(
        size: Grid(height: side, width: side), labels: (0..<side).flatMap { _ in row })
      let drawn = try Overlay.render(
        Pictures.gray(9, width: side, height: side), labels: labels, classes: ["a"],
        options: .init(opacity: 0, legend: .none))
      let gray = RGBColor(0x090909)
      for y in [0, 1, side / 2, side - 1] {
        let colors = (195..<202).map { drawn[$0, y] }
        let count = 5 - width
        XCTAssertEqual(
          colors,
          Array(repeating: gray, count: count) + Array(repeating: Palette.color(of: 0), count: width)
            + [gray, gray], "\(side), row \(y)")
      }
    }
  }

  func testRoundCorner() throws {
    // One pixel of other in class 0: a contour of 3 pixels is each neighbour with a disc of radius 2 around
    // it.
    let side = 1200
    var values = [UInt16](repeating: 0, count: side * side)
    values[600 * side + 600] = LabelMap.other
    let labels = LabelMap(size: Grid(height: side, width: side), labels: values)
    let drawn = try Overlay.render(
      Pictures.gray(9, width: side, height: side), labels: labels, classes: ["a"],
      options: .init(opacity: 0, legend: .none))
    let rows = (596...604).map { y in
      String((596...604).map { x -> Character in drawn[x, y] == Palette.color(of: 0) ? "#" : "." })
    }
    XCTAssertEqual(
      rows,
      [
        ".........", "....#....", "...###...", "..#####..", ".###.###.", "..#####..", "...###...",
        "....#....",
        ".........",
      ])
  }

  func testBesideThePhoto() throws {
    let (width, height) = (40, 30)
    let image = try RGBImage(
      width: width, height: height, pixels: (0..<width * height * 3).map { UInt8($0 * 7 % 256) })
    let labels = Pictures.labels(width: width, height: height, classCount: 3)
    let classes = ["a", "b", "c"]
    let margin = Legend.Metrics(photoWidth: width, photoHeight: height).margin
    for legend in [Overlay.Options.Legend.none, .automatic] {
      var options = Overlay.Options(legend: legend, besidePhoto: true)
      let both = try Overlay.render(image, labels: labels, classes: classes, options: options)
      XCTAssertGreaterThanOrEqual(both.width, 2 * width + margin)
      XCTAssertEqual(both.height > height, legend == .automatic)
      options.besidePhoto = false
      options.legend = .none
      let alone = try Overlay.render(image, labels: labels, classes: classes, options: options)
      for y in 0..<height {
        for x in 0..<width {
          XCTAssertEqual(both[x, y], image[x, y])
          XCTAssertEqual(both[width + margin + x, y], alone[x, y])
        }
        for x in width..<width + margin { XCTAssertEqual(both[x, y], RGBColor(0xFFFFFF)) }
      }
    }
    // 65,535 pixels is the longest side of a picture.
    let wide = try Pictures.gray(1, width: 32_768, height: 1)
    let map = LabelMap(size: Grid(height: 1, width: 32_768), labels: Array(repeating: 0, count: 32_768))
    XCTAssertThrowsError(
      try Overlay.render(wide, labels: map, classes: ["a"], options: .init(besidePhoto: true))
    ) { XCTAssertEqual($0 as? RenderingError, .tooWide(photo: map.size)) }
  }

  func testArgumentsThatDoNotFit() throws {
    let image = try Pictures.gray(1, width: 2, height: 1)
    XCTAssertThrowsError(try Overlay.render(image, labels: Pictures.labels("0"), classes: ["a"])) {
      XCTAssertEqual(
        $0 as? RenderingError,
        .sizeMismatch(photo: Grid(height: 1, width: 2), labels: Grid(height: 1, width: 1)))
    }
    XCTAssertThrowsError(try Overlay.render(image, labels: Pictures.labels("01"), classes: ["a"])) {
      XCTAssertEqual($0 as? RenderingError, .unknownLabel(label: 1, classCount: 1))
    }
    for opacity in [-0.01, 1.01, .nan, .infinity] {
      XCTAssertThrowsError(
        try Overlay.render(
          image, labels: Pictures.labels("00"), classes: ["a"], options: .init(opacity: opacity))
      ) { error in
        guard case .invalidOpacity = error as? RenderingError else { return XCTFail("\(error)") }
      }
    }
  }

  /// `#` where the picture has a class's full colour, `.` where it has the photo's.
  private func contours(of drawn: RGBImage, over image: RGBImage, labels: LabelMap) -> [String] {
    (0..<drawn.height).map { y in
      String(
        (0..<drawn.width).map { x -> Character in
          if drawn[x, y] == image[x, y] { return "." }
          return drawn[x, y] == Palette.color(of: Int(labels[y, x])) ? "#" : "?"
        })
    }
  }
}
