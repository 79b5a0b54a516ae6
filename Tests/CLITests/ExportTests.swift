import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// Data sets, cut-outs, archives of scores and the overlay's look, held against the library's own.
final class ExportTests: XCTestCase {
  private func result(_ photo: RGBImage) throws -> Segmentation {
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let vocabulary = try segmenter.vocabulary(["cat", "dog"], background: .none, templates: .plain)
    return try segmenter.segment(photo, vocabulary: vocabulary, scores: true)
  }

  /// What `--coco` writes, member by member.
  private struct DataSet: Decodable {
    struct Image: Decodable, Equatable {
      let id, width, height: Int
      let file_name: String
    }
    struct Category: Decodable, Equatable {
      let id: Int
      let name: String
    }
    struct Annotation: Decodable {
      let id, image_id, category_id, area, iscrowd: Int
      let bbox: [Int]
      let score: Double
    }
    let images: [Image]
    let categories: [Category]
    let annotations: [Annotation]
  }

  private func dataSet(_ folder: Scratch, _ name: String) throws -> DataSet {
    try JSONDecoder().decode(DataSet.self, from: Data(folder.bytes(name)))
  }

  func testEveryOutputOfOnePhoto() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("in/photo.png", ToyFiles.png(width: 47, height: 33))
    let outcome = try segmenting.run([
      "in/photo.png", "--opacity", "0.25", "--no-contours", "--no-legend", "--side-by-side", "--cutout",
      "DOG",
      "--coco", "coco.json", "--scores", "scores.npz", "--output", "overlay.png",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(
      outcome.errorLines,
      ["wrote overlay.png", "wrote photo.cutout.png", "wrote scores.npz", "wrote coco.json"])
    let photo = try ToyFiles.photo(width: 47, height: 33)
    let expected = try result(photo)

    let look = Overlay.Options(opacity: 0.25, contours: false, legend: .none, besidePhoto: true)
    XCTAssertEqual(
      try RGBImage(contentsOf: segmenting.folder["overlay.png"].path),
      try Overlay.render(photo, labels: expected.labels, classes: ["cat", "dog"], options: look))
    let pixels = try Cutout.render(photo, labels: expected.labels, keeping: [1])
    XCTAssertEqual(
      try segmenting.folder.bytes("photo.cutout.png"),
      try PNGWriter.encode(rgba: pixels, width: 47, height: 33))

    let writer = try NPZWriter(segmenting.folder["expected.npz"].path)
    try writer.add("classes", strings: ["cat", "dog"])
    try writer.add("scores", of: Float.self, shape: [2, 33, 47])
    try XCTUnwrap(expected.scores).withUnsafeBufferPointer { try writer.write($0, at: 0) }
    try writer.commit()
    XCTAssert(try segmenting.folder.bytes("scores.npz") == segmenting.folder.bytes("expected.npz"))

    let data = try dataSet(segmenting.folder, "coco.json")
    XCTAssertEqual(data.images, [.init(id: 1, width: 47, height: 33, file_name: "photo.png")])
    XCTAssertEqual(data.categories, [.init(id: 1, name: "cat"), .init(id: 2, name: "dog")])
    let annotations = try COCOAnnotation.all(in: expected)
    XCTAssertGreaterThan(annotations.count, 0)
    XCTAssertEqual(data.annotations.map(\.category_id), annotations.map { Int($0.label) + 1 })
    XCTAssertEqual(data.annotations.map(\.area), annotations.map(\.area))
    XCTAssertEqual(data.annotations.map(\.score), annotations.map(\.score))
    let text = String(decoding: try segmenting.folder.bytes("coco.json"), as: UTF8.self)
    XCTAssert(text.contains(#""segmentation": {"size": [33, 47], "counts": ""#))
  }

  func testWhereTheCutoutGoes() throws {
    let segmenting = try Segmenting()
    try segmenting.addFile("in/photo.png", ToyFiles.png(width: 9, height: 8))
    try FileManager.default.createDirectory(
      at: segmenting.folder["out"], withIntermediateDirectories: true)
    let cases: [([String], String)] = [
      ([], "in/photo.cutout.png"), (["--output", "out"], "out/photo.cutout.png"),
      (["--output", "other.png"], "photo.cutout.png"), (["--no-overlay"], "in/photo.cutout.png"),
      (["--cutout-output", "out/x.png"], "out/x.png"),
      (["--output", "a.png", "--cutout-output", "out/"], "out/photo.cutout.png"),
    ]
    for (options, file) in cases {
      let outcome = try segmenting.run(["in/photo.png", "--cutout", "cat,dog"] + options)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      // Each pixel is one of the two: it is the photo, opaque.
      XCTAssertEqual(
        try RGBImage(contentsOf: segmenting.folder[file].path), try ToyFiles.photo(width: 9, height: 8), file)
      try FileManager.default.removeItem(at: segmenting.folder[file])
    }
    // Through pipes, with nothing else written.
    let before = try segmenting.files(".")
    let outcome = try segmenting.run(
      ["-", "--cutout", "cat,dog", "--cutout-output", "-", "--quiet"], input: "in/photo.png")
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.output.hasPrefix("\u{FFFD}PNG"))
    XCTAssertEqual(try segmenting.files("."), before)
  }

  func testSeveralPhotos() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/a.png", "in/june/a.jpg", "in/june/c.png")
    try segmenting.addFile("in/bad.png", Array("no picture".utf8))
    let outcome = try segmenting.run([
      "in", "--output", "out", "--cutout", "cat", "--coco", "coco.json", "--coco-masks", "polygons",
      "--scores",
      "scores", "--scores-format", "npz",
    ])
    XCTAssertEqual(outcome.status, 65, outcome.errors)
    XCTAssert(outcome.errors.contains("wrote coco.json\n"), outcome.errors)
    let names = ["a", "june/a", "june/c"]
    XCTAssertEqual(
      try segmenting.outputs("out"),
      names.flatMap { ["\($0).cutout.png", "\($0).segmented.png"] })
    XCTAssertEqual(try segmenting.outputs("scores"), names.map { "\($0).npz" })

    let data = try dataSet(segmenting.folder, "coco.json")
    XCTAssertEqual(data.images.map(\.file_name), ["a.png", "june/a.jpg", "june/c.png"])
    // Places among all images, that of the one that failed too.
    XCTAssertEqual(data.images.map(\.id), [1, 3, 4])
    XCTAssertEqual(
      data.annotations.map(\.id), data.annotations.map { ($0.image_id - 1) * 2 + $0.category_id })
    for (image, file) in zip(data.images, ["in/a.png", "in/june/a.jpg", "in/june/c.png"]) {
      // As of the photo alone.
      let options = [
        "--cutout", "cat", "--coco", "one.json", "--coco-masks", "polygons", "--scores", "one.npz",
      ]
      let single = try segmenting.run([file, "--output", "one.png", "--cutout-output", "c.png"] + options)
      XCTAssertEqual(single.status, 0, single.errors)
      let place = image.file_name.dropLast(4)
      for (alone, among) in [
        ("one.npz", "scores/\(place).npz"), ("c.png", "out/\(place).cutout.png"),
        ("one.png", "out/\(place).segmented.png"),
      ] {
        XCTAssert(try segmenting.folder.bytes(alone) == segmenting.folder.bytes(among), among)
      }
      let alone = try dataSet(segmenting.folder, "one.json")
      let among = data.annotations.filter { $0.image_id == image.id }
      XCTAssertEqual(alone.annotations.map(\.area), among.map(\.area))
      XCTAssertEqual(alone.annotations.map(\.bbox), among.map(\.bbox))
      XCTAssertEqual(among.map(\.area).reduce(0, +), image.width * image.height)
    }
    let text = String(decoding: try segmenting.folder.bytes("coco.json"), as: UTF8.self)
    XCTAssertFalse(text.contains("counts"))
    XCTAssert(text.contains("\"segmentation\": [["))
  }

  func testBadValues() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("in/photo.png", "in/other.png")
    let before = try segmenting.files(".")
    let one = "in/photo.png"
    let cases: [([String], status: Int32, naming: [String])] = [
      ([one, "--opacity", "1.5"], 64, ["--opacity", "1.5", "0 to 1"]),
      ([one, "--opacity=-0.1"], 64, ["--opacity", "-0.1", "0 to 1"]),
      ([one, "--opacity", "nan"], 64, ["--opacity", "nan", "0 to 1"]),
      ([one, "--opacity", "half"], 64, ["--opacity", "half"]),
      ([one, "--cutout", "fox"], 64, ["--cutout", "fox"]),
      ([one, "--cutout", ""], 64, ["--cutout"]),
      ([one, "--cutout", "cat,,dog"], 64, ["--cutout"]),
      ([one, "--cutout-output", "x.png"], 64, ["--cutout-output", "--cutout"]),
      ([one, "--cutout", "cat", "--cutout-output", "x.jpg"], 64, ["--cutout-output", "x.jpg", ".png"]),
      ([one, "--cutout", "cat", "--cutout-output", one], 64, ["--cutout-output", one]),
      (
        [one, "--cutout", "cat", "--output", "x.png", "--cutout-output", "x.png"], 64, ["x.png", "--output"]
      ),
      ([one, "--coco", "-"], 64, ["--coco"]),
      ([one, "--coco", "x.txt"], 64, ["--coco", "x.txt", ".json"]),
      ([one, "--coco", "missing/x.json"], 73, ["missing/x.json"]),
      ([one, "--coco", "x.json", "--json", "x.json"], 64, ["x.json", "--json"]),
      ([one, "--coco", "x.json", "--coco-masks", "bits"], 64, ["--coco-masks", "bits", "rle", "polygons"]),
      ([one, "--scores", "x.txt"], 64, ["--scores", "x.txt", ".npy", ".npz"]),
      ([one, "--scores-format", "csv"], 64, ["--scores-format", "csv", "npy", "npz"]),
      (["in", "--scores", "x.npz"], 64, ["--scores", "x.npz", "folder"]),
      (["in", "--cutout", "cat", "--cutout-output", "-"], 64, ["--cutout-output", "folder"]),
      (["in", "--json", "x", "--coco", "x/photo.json"], 73, ["x/photo.json"]),
    ]
    for (arguments, status, names) in cases {
      let outcome = try segmenting.run(arguments)
      XCTAssertEqual(outcome.status, status, "\(arguments): \(outcome.errors)")
      for name in names { XCTAssert(outcome.errors.contains(name), "\(arguments): \(outcome.errors)") }
      XCTAssertEqual(try segmenting.files("."), before, "\(arguments)")
    }
    // A data set in the place of one photo's report, in a folder that is there.
    try segmenting.addFile("x/note.txt", [])
    let outcome = try segmenting.run(["in", "--json", "x", "--coco", "x/photo.json"])
    XCTAssertEqual(outcome.status, 64, outcome.errors)
    XCTAssert(outcome.errors.contains("x/photo.json"), outcome.errors)
  }
}
