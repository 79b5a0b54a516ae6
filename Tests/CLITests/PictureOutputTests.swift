import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// Pictures in the format that their names ask for, label maps as grey, and cut-outs on a colour.
final class PictureOutputTests: XCTestCase {
  private func picture(_ segmenting: Segmenting, _ name: String) throws -> RGBImage {
    try RGBImage(contentsOf: segmenting.folder[name].path)
  }

  func testOverlaysByTheirEndings() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("a.png", ToyFiles.png(width: 90, height: 70))
    XCTAssertEqual(try segmenting.run(["a.png", "--output", "over.png"]).status, 0)
    let exact = try picture(segmenting, "over.png")
    for (name, format) in [("over.jpg", ImageFormat.jpeg), ("OVER2.JPEG", .jpeg), ("over.webp", .webP)] {
      let outcome = try segmenting.run(["a.png", "--output", name])
      if format == .webP, PictureWriter.webP.problem != nil {
        XCTAssertEqual(outcome.status, 64, outcome.errors)
        XCTAssert(outcome.errors.contains("WebP needs libwebp"), outcome.errors)
        continue
      }
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes(name)), format)
      let found = try picture(segmenting, name)
      XCTAssertEqual([found.width, found.height], [exact.width, exact.height])
      let difference = zip(found.pixels, exact.pixels).reduce(0.0) { $0 + Double(abs(Int($1.0) - Int($1.1))) }
      XCTAssertLessThan(difference / Double(exact.pixels.count), 8, name)
    }
    let bad = try segmenting.run(["a.png", "--output", "over.tiff"])
    XCTAssertEqual(bad.status, 64)
    XCTAssert(bad.errors.contains("it has to end in .png, .jpg, .jpeg or .webp"), bad.errors)
  }

  /// Pictures whose names are the program's own.
  func testPictureFormat() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/b.png")
    let cut = ["--cutout", "cat", "--cutout-background", "white"]
    let options = ["in", "--output", "out", "--skip-existing", "--picture-format"]
    XCTAssertEqual(try segmenting.run(options + ["jpeg"] + cut).status, 0)
    XCTAssertEqual(
      try segmenting.outputs("out"),
      ["a.cutout.jpg", "a.segmented.jpg", "b.cutout.jpg", "b.segmented.jpg"])
    for name in try segmenting.outputs("out") {
      XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes("out/\(name)")), .jpeg, name)
    }
    XCTAssert(try segmenting.run(options + ["jpeg"] + cut).errors.contains("2 skipped"))
    // Another format is another output.
    XCTAssert(try segmenting.run(options + ["png"] + cut).errors.contains("2 images done"))
    XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes("out/a.cutout.png")), .png)
    // What is transparent is PNG.
    XCTAssertEqual(
      try segmenting.run(["in", "--output", "clear", "--picture-format", "jpeg", "--cutout", "cat"]).status, 0
    )
    XCTAssertEqual(
      try segmenting.outputs("clear"),
      ["a.cutout.png", "a.segmented.jpg", "b.cutout.png", "b.segmented.jpg"])
    // Of one photo beside it, where the next run over the folder leaves it out.
    let one = try segmenting.run(["in/a.png", "--picture-format", "jpeg"])
    XCTAssertEqual(one.status, 0, one.errors)
    XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes("in/a.segmented.jpg")), .jpeg)
    let again = try segmenting.run(["in", "--no-overlay"])
    XCTAssertEqual(again.images, ["in/a.png", "in/b.png"])
    XCTAssert(again.errors.contains("1 earlier output beside its photo"), again.errors)
    // A file that is named has the format of its name.
    XCTAssertEqual(
      try segmenting.run(["in/a.png", "--output", "x.png", "--picture-format", "jpeg"]).status, 0)
    XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes("x.png")), .png)
    let bad = try segmenting.run(["in", "--picture-format", "gif"])
    XCTAssertEqual(bad.status, 64)
    XCTAssert(bad.errors.contains("--picture-format"), bad.errors)
  }

  func testCutoutBackground() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("a.png", ToyFiles.png(width: 20, height: 16))
    let cut = [
      "a.png", "--no-overlay", "--labels", "map.png", "--threshold", "9", "--cutout", "cat",
      "--cutout-output",
    ]
    XCTAssertEqual(try segmenting.run(cut + ["cut.png", "--cutout-background", "#10f020"]).status, 0)
    let (photo, found) = (try picture(segmenting, "a.png"), try picture(segmenting, "cut.png"))
    XCTAssertNil(found.alpha)
    let labels = try LabelImage(contentsOf: segmenting.folder["map.png"].path).labels
    XCTAssert(Set(labels).count > 1 && labels.contains(0), "\(Set(labels))")
    for (index, label) in labels.enumerated() {
      let pixel = Array(found.pixels[3 * index..<3 * index + 3])
      XCTAssertEqual(pixel, label == 0 ? Array(photo.pixels[3 * index..<3 * index + 3]) : [0x10, 0xF0, 0x20])
    }
    XCTAssertEqual(try segmenting.run(cut + ["cut.jpg", "--cutout-background", "white"]).status, 0)
    XCTAssertEqual(ImageFormat(firstBytes: try segmenting.folder.bytes("cut.jpg")), .jpeg)
    for (arguments, error) in [
      (cut + ["cut.jpg"], "it has to end in .png"),
      (cut + ["x.png", "--cutout-background", "#12345"], "allowed are white, black"),
      (["a.png", "--cutout-background", "white"], "--cutout-background: needs --cutout"),
    ] {
      let outcome = try segmenting.run(arguments)
      XCTAssertEqual(outcome.status, 64, outcome.errors)
      XCTAssert(outcome.errors.contains(error), outcome.errors)
    }
  }

  /// Transparent pixels of the photo show the colour, too.
  func testCutoutOfATransparentPhotoOnAColour() throws {
    let rgba: [UInt8] = [10, 20, 30, 255, 10, 20, 30, 0, 0, 255, 100, 128, 200, 100, 50, 255]
    let image = try RGBImage(decoding: PNGWriter.encode(rgba: rgba, width: 4, height: 1), name: "a.png")
    let labels = LabelMap(size: Grid(height: 1, width: 4), labels: [0, 0, 0, 1])
    let found = try Cutout.render(image, labels: labels, keeping: [0], over: RGBColor(0x000080)).pixels
    XCTAssertEqual(Array(found[0..<6]), [10, 20, 30, 0, 0, 128])
    XCTAssertEqual(Array(found[9..<12]), [0, 0, 128])
    // Half of each, to a level.
    for (value, expected) in zip(found[6..<9], [0, 128, 114]) {
      XCTAssertLessThanOrEqual(abs(Int(value) - expected), 1)
    }
  }

  func testLabelsAsGrey() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("a.png", ToyFiles.png(width: 40, height: 30))
    for kind in ["palette", "grey"] {
      let outcome = try segmenting.run([
        "a.png", "--no-overlay", "--threshold", "0.05", "--labels", "\(kind).png", "--labels-as", kind,
      ])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
    }
    let files = try ["palette", "grey"].map { try segmenting.folder.bytes("\($0).png") }
    // PNG's colour type: palette, and grey.
    XCTAssertEqual(files.map { $0[25] }, [3, 0])
    XCTAssertEqual(
      try LabelImage(decoding: files[0], name: "palette"), try LabelImage(decoding: files[1], name: "grey"))
    // It is another output, so it is made again.
    let options = ["a.png", "--no-overlay", "--labels", "maps", "--skip-existing"]
    XCTAssertEqual(try segmenting.run(options).status, 0)
    XCTAssert(try segmenting.run(options).errors.contains("1 skipped"))
    XCTAssert(try segmenting.run(options + ["--labels-as", "grey"]).errors.contains("1 image done"))
    XCTAssertEqual(try segmenting.run(["a.png", "--labels-as", "rgb"]).status, 64)
  }

  func testSidesThatAFormatHasNoRoomFor() throws {
    let long = try RGBImage(width: 65_535, height: 1, pixels: Array(repeating: 7, count: 65_535 * 3))
    for writer in [PictureWriter.jpeg, .webP] {
      XCTAssertThrowsError(try writer.encode(long, name: "x")) {
        XCTAssertEqual(
          $0 as? ImageError, .noRoom(name: "x", format: writer.format, longestSide: writer.longestSide))
      }
    }
    let back = try RGBImage(decoding: PictureWriter.png.encode(long, name: "x"), name: "x")
    XCTAssertEqual(back.width, 65_535)
    let wide = try RGBImage(width: 65_500, height: 2, pixels: Array(repeating: 7, count: 131_000 * 3))
    XCTAssertEqual(
      try RGBImage(decoding: PictureWriter.jpeg.encode(wide, name: "x"), name: "x").pixels, wide.pixels)
  }
}
