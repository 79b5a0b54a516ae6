import SANCore
import SANExport
import SANInference
import XCTest

/// The legend's layout, and pictures of odd sizes with it.
final class LegendTests: XCTestCase {
  private let font = try! Font.standard()

  private func entries(_ names: [String]) -> [Legend.Entry] {
    names.enumerated().map {
      Legend.Entry(name: $0.element, color: Palette.color(of: $0.offset), share: "\($0.offset % 90).5%")
    }
  }

  /// Cells lie within the strip and apart, and nothing is drawn outside them.
  private func check(
    _ names: [String], width: Int, height: Int, file: StaticString = #filePath, line: UInt = #line
  ) -> Legend {
    let metrics = Legend.Metrics(photoWidth: width, photoHeight: height)
    let legend = Legend(entries(names), width: width, metrics: metrics, font: font)
    XCTAssertEqual(legend.cells.count, names.count, file: file, line: line)
    XCTAssertGreaterThanOrEqual(legend.width, width, file: file, line: line)

    // Room around the strip, so that what overflows shows.
    let room = 60
    var canvas = Canvas(width: legend.width, height: legend.height + 2 * room, color: Legend.background)
    legend.draw(on: &canvas, top: room)
    var inside = [Bool](repeating: false, count: canvas.width * canvas.height)
    for cell in legend.cells {
      XCTAssertGreaterThanOrEqual(cell.x, metrics.margin, file: file, line: line)
      XCTAssertLessThanOrEqual(cell.x + cell.width, legend.width - metrics.margin, file: file, line: line)
      XCTAssertLessThanOrEqual(
        metrics.fixed + cell.name.width + cell.share.width, cell.width, file: file, line: line)
      for y in cell.y..<cell.y + metrics.lineHeight {
        // A letter may reach a pixel over its own width; the gap between columns is several.
        for x in cell.x..<cell.x + cell.width + 1 {
          let index = (y + room) * canvas.width + x
          if inside[index] { XCTFail("cells overlap at \(x), \(y)", file: file, line: line) }
          inside[index] = true
        }
      }
    }
    let stray = inside.indices.first { index in
      !inside[index] && (0..<3).contains { canvas.pixels[index * 3 + $0] != 255 }
    }
    XCTAssertNil(stray.map { (x: $0 % canvas.width, y: $0 / canvas.width - room) }, file: file, line: line)
    return legend
  }

  /// A name whose letters need more than one after the other is its label's number, whatever fonts there are.
  func testNamesWithoutLetters() throws {
    let names = ["cat", "قط", "Ärger – naïve", "dog बिल्ली", "кошка"]
    XCTAssertEqual(try Overlay.namesWithoutLetters(names), ["قط", "dog बिल्ली"])
    for name in ["แมว", "חתול", "பூனை", "\u{1112}\u{1161}"] {
      XCTAssertEqual(try Overlay.namesWithoutLetters([name]), [name])
    }
    let image = try Pictures.gray(9, width: 60, height: 20)
    let labels = Pictures.labels(width: 60, height: 20, classCount: 5)
    let drawn = try Overlay.render(image, labels: labels, classes: names)
    let numbers = try Overlay.render(
      image, labels: labels, classes: ["cat", "1", "Ärger – naïve", "3", "кошка"])
    XCTAssertEqual(drawn, numbers)
    XCTAssertNotEqual(
      drawn, try Overlay.render(image, labels: labels, classes: ["cat", "4", "Ärger – naïve", "3", "кошка"]))
  }

  func testOneRow() {
    let legend = check(["cat", "dog", "grass"], width: 640, height: 480)
    XCTAssertEqual(Set(legend.cells.map(\.y)).count, 1)
    XCTAssertEqual(legend.width, 640)
  }

  func testFortyClassesWrapDownTheColumns() {
    let legend = check((0..<40).map { "class \($0)" }, width: 640, height: 480)
    XCTAssertEqual(legend.width, 640)
    let columns = Set(legend.cells.map(\.x)).count
    XCTAssertGreaterThanOrEqual(columns, 3)
    let rows = Set(legend.cells.map(\.y)).count
    XCTAssertEqual(rows, (40 + columns - 1) / columns)
    // In order: down a column, then the next.
    for (a, b) in zip(legend.cells, legend.cells.dropFirst()) {
      XCTAssertTrue(a.x == b.x && a.y < b.y || a.x < b.x && a.y > b.y)
    }
  }

  func testManyClassesBelowASmallPhoto() throws {
    let names = (0..<40).map { "class number \($0)" }
    for (width, height) in [(240, 180), (1, 1), (40, 700)] {
      let photo = try Pictures.gray(90, width: width, height: height)
      let labels = Pictures.labels(width: width, height: height, classCount: 40)
      let picture = try Overlay.render(
        photo, labels: labels, classes: names, options: .init(opacity: 0, contours: false))
      let text = picture.height - height
      XCTAssertGreaterThan(text, 0)
      XCTAssert(picture.height <= 2 * picture.width || text <= height, "\(picture.width)×\(picture.height)")
      XCTAssertEqual(try picture.cropped(width: width, height: height), photo)
    }
    // Few classes leave the width as it is.
    let few = try Overlay.render(
      Pictures.gray(90, width: 240, height: 180),
      labels: Pictures.labels(width: 240, height: 180, classCount: 6), classes: names)
    XCTAssertEqual(few.width, 240)
  }

  func testManyClasses() {
    for (count, width, height) in [(100, 320, 240), (847, 1024, 768), (847, 5, 5), (100, 4000, 3000)] {
      let names = (0..<count).map { "\($0) " + String(repeating: "name, ", count: $0 % 9) }
      _ = check(names, width: width, height: height)
    }
  }

  func testNarrowPhotosGetRoomForText() {
    for width in [1, 5, 40, 120] {
      let legend = check(["a rather long name of a class", "b"], width: width, height: 30)
      XCTAssertGreaterThan(legend.width, 120)
      XCTAssertLessThan(legend.width, 250)
    }
  }

  func testLongNamesGetAnEllipsis() {
    let long = TextLine(String(repeating: "long ", count: 100_000), font: font, xHeight: 7, limit: 100)
    XCTAssertLessThanOrEqual(long.width, 100)
    XCTAssertGreaterThan(long.width, 80)
    XCTAssertEqual(long.glyphs.last, font.glyph("…"))
    XCTAssertNotEqual(long.glyphs.dropLast().last, font.glyph(" "), "no space before the ellipsis")

    let cat = TextLine("cat", font: font, xHeight: 7)
    XCTAssertEqual(cat.glyphs, "cat".map(font.glyph))
    // Advances of c, a and t are 1126, 1255 and 803 of 2048 units, a small x 1120: 7 · 3184 / 1120 = 19.9.
    XCTAssertEqual(cat.width, 20)
    XCTAssertEqual(TextLine("cat", font: font, xHeight: 7, limit: 20).glyphs.count, 3)
    // An ellipsis is 2048 units, 12.8 pixels: beside c, 19.84.
    XCTAssertEqual(
      TextLine("cats", font: font, xHeight: 7, limit: 20).glyphs, [font.glyph("c"), font.glyph("…")])
    XCTAssertEqual(TextLine("cats", font: font, xHeight: 7, limit: 19).glyphs, [font.glyph("…")])
    XCTAssertEqual(TextLine("cats", font: font, xHeight: 7, limit: 12).width, 0)
    XCTAssertEqual(TextLine("", font: font, xHeight: 7).width, 0)
  }

  func testShares() {
    let shares = [
      (1, 1, "100%"), (1, 3, "33.3%"), (2, 3, "66.7%"), (1, 2000, "0.1%"), (1, 2001, "<0.1%"),
      (1, 800, "0.1%"),
      (9994, 10_000, "99.9%"), (9995, 10_000, ">99.9%"), (1, 16, "6.3%"), (12_000_000, 96_000_000, "12.5%"),
    ]
    for (count, total, text) in shares { XCTAssertEqual(Overlay.share(count, of: total), text) }
  }

  func testPhotoKeepsItsPlace() throws {
    for (width, height) in [(1, 1), (5, 300), (300, 5), (33, 47), (640, 360), (1001, 701)] {
      let image = try Pictures.gray(77, width: width, height: height)
      let labels = Pictures.labels(width: width, height: height, classCount: 3)
      let classes = ["cat", "dog", "Käse auf Brot mit Gurken und Tomaten"]
      let bare = try Overlay.render(image, labels: labels, classes: classes, options: .init(legend: .none))
      XCTAssertEqual([bare.width, bare.height], [width, height])
      let full = try Overlay.render(image, labels: labels, classes: classes)
      XCTAssertGreaterThan(full.height, height)
      XCTAssertEqual(try full.cropped(width: width, height: height), bare)
      XCTAssertEqual(try Overlay.render(image, labels: labels, classes: classes), full)
      // Beside the photo and along the picture's edges there is nothing but the background.
      for y in 0..<height { for x in width..<full.width { XCTAssertEqual(full[x, y], Legend.background) } }
      for y in height..<full.height {
        XCTAssertEqual(full[0, y], Legend.background)
        XCTAssertEqual(full[full.width - 1, y], Legend.background)
      }
      for x in 0..<full.width { XCTAssertEqual(full[x, full.height - 1], Legend.background) }
    }
  }

  func testOnlyWhatIsFoundIsListed() throws {
    let image = try Pictures.gray(77, width: 500, height: 20)
    let classes = (0..<847).map { "class \($0)" }
    var values = [UInt16](repeating: 846, count: 10_000)
    values[7] = 3
    values[8] = LabelMap.other
    let drawn = try Overlay.render(
      image, labels: LabelMap(size: Grid(height: 20, width: 500), labels: values), classes: classes)
    let strip = (20..<drawn.height).flatMap { y in (0..<drawn.width).map { drawn[$0, y] } }
    let firsts = [3, 846].map { strip.firstIndex(of: Palette.color(of: $0)) }
    XCTAssertNotNil(firsts[0])
    XCTAssertNotNil(firsts[1])
    XCTAssertLessThan(firsts[0]!, firsts[1]!)
    XCTAssertNotNil(strip.firstIndex(of: Palette.other))
    XCTAssertNil(strip.firstIndex(of: Palette.color(of: 0)))
  }

  func testPictureAtTheLimitHasNoLegend() throws {
    let image = try Pictures.gray(1, width: 1, height: ImageLimits.side)
    let labels = Pictures.labels(width: 1, height: ImageLimits.side, classCount: 1)
    let drawn = try Overlay.render(image, labels: labels, classes: ["a"])
    XCTAssertEqual([drawn.width, drawn.height], [1, ImageLimits.side])
  }
}
