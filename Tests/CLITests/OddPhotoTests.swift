import Foundation
import SANCore
import SANInference
import XCTest

/// Photos whose files are odd or cut short: what is told of them, and what their labels are.
final class OddPhotoTests: XCTestCase {
  /// A PNG that is whole but for the checksum of a text in it.
  private func oddPNG() throws -> [UInt8] {
    let whole = try ToyFiles.png(width: 40, height: 30)
    // Before the pixels: length, name, text, checksum.
    let text: [UInt8] = [0, 0, 0, 5] + Array("tEXta\0b=c".utf8) + [1, 2, 3, 4]
    return Array(whole[..<33]) + text + whole[33...]
  }

  func testNotes() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("in/a.png", oddPNG())
    try segmenting.addPictures("in/b.png")
    let one = try segmenting.run(["in/a.png", "--no-overlay"])
    XCTAssertEqual(one.status, 0, one.errors)
    XCTAssertEqual(one.errorLines.filter { $0.hasPrefix("in/a.png: note: ") }.count, 1, one.errors)
    let several = try segmenting.run(["in", "--no-overlay"])
    XCTAssertEqual(several.status, 0, several.errors)
    XCTAssertEqual(several.errorLines.filter { $0.hasPrefix("in/a.png: note: ") }.count, 1, several.errors)
    XCTAssertFalse(several.errors.contains("in/b.png: note"), several.errors)
    XCTAssertEqual(try segmenting.run(["in", "--no-overlay", "--quiet"]).errors, "")
  }

  func testTruncated() throws {
    let segmenting = try Segmenting()
    // Noise, which does not shrink: a decoder takes more than one piece to read it.
    var state: UInt64 = 1
    let pixels = (0..<160 * 120 * 3).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
    let noise = try RGBImage(width: 160, height: 120, pixels: pixels)
    let whole = try PNGWriter.encode(noise)
    try segmenting.addFile("in/cut.png", whole[..<(whole.count / 2)])
    try segmenting.addPictures("in/whole.png")
    let refused = try segmenting.run(["in", "--no-overlay", "--labels", "labels"])
    XCTAssertEqual(refused.status, 65)
    XCTAssertEqual(refused.images, ["in/whole.png"])
    let before = try segmenting.folder.bytes("labels/whole.png")
    for several in [false, true] {
      let outcome = try segmenting.run(
        several
          ? ["in", "--no-overlay", "--labels", "labels", "--truncated"]
          : ["in/cut.png", "--no-overlay", "--labels", "one.png", "--truncated", "--json", "one.json"])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      let note = try XCTUnwrap(
        outcome.errorLines.first { $0.contains("in/cut.png: note: it is cut short: ") })
      let rows = try XCTUnwrap(note.split(separator: " ").compactMap { Int($0) }.first)
      XCTAssert((1..<120).contains(rows), String(note))
      let labels = try LabelImage(contentsOf: segmenting.folder[several ? "labels/cut.png" : "one.png"].path)
      XCTAssertEqual([labels.width, labels.height], [160, 120])
      XCTAssertFalse(labels.labels[..<(rows * 160)].contains(255))
      XCTAssertEqual(Set(labels.labels[(rows * 160)...]), [255])
      if !several {
        let json = try XCTUnwrap(
          try JSONSerialization.jsonObject(with: Data(segmenting.folder.bytes("one.json"))) as? [String: Any])
        let other = try XCTUnwrap(json["other"] as? [String: Any])
        XCTAssertEqual(other["pixels"] as? Int, (120 - rows) * 160)
      }
    }
    // Nothing changes for a photo that is whole.
    XCTAssertEqual(try segmenting.folder.bytes("labels/whole.png"), before)
    // With a threshold and with all scores wanted, the same pixels are missing.
    let scored = try segmenting.run([
      "in/cut.png", "--no-overlay", "--labels", "scored.png", "--truncated", "--scores", "scores.npy",
    ])
    XCTAssertEqual(scored.status, 0, scored.errors)
    XCTAssertEqual(try segmenting.folder.bytes("scored.png"), try segmenting.folder.bytes("one.png"))
  }
}
