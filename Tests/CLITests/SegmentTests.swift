import Foundation
import SANCore
import SANExport
import SANInference
import XCTest

/// `segment` end to end on the toy model: every output read back and held against the library's own result.
final class SegmentTests: XCTestCase {
  private let names = ["cat", "traffic light", "a, b"]
  private let classes = ["--classes", "cat, traffic light", "--classes", #"a\, b"#]
  private let model = ["--model", ToyFiles.model.path]

  private func result(
    width: Int, height: Int, background: Background, threshold: Float? = nil
  ) throws -> Segmentation {
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let vocabulary = try segmenter.vocabulary(names, background: background, templates: .plain)
    return try segmenter.segment(
      ToyFiles.photo(width: width, height: height), vocabulary: vocabulary, threshold: threshold, scores: true
    )
  }

  func testEveryOutput() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    let outcome = try Program.run(
      ["segment", "photo.png"] + classes + model + [
        "--templates", "plain", "--background", "tree,sky", "--labels", "labels.png", "--json", "report.json",
        "--mask-dir", "a/masks/", "--scores", "scores.npy",
      ], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let expected = try result(width: 47, height: 33, background: .names(["tree", "sky"]))
    let other = try XCTUnwrap(expected.other)

    XCTAssertEqual(
      Set(try folder.contents().keys),
      [
        "photo.png", "photo.segmented.png", "labels.png", "report.json", "a", "a/masks",
        "a/masks/000-cat.png",
        "a/masks/001-traffic-light.png", "a/masks/002-a-b.png", "a/masks/other.png",
        "a/masks/.san-masks.jsonl",
        "scores.npy",
      ])
    XCTAssertEqual(
      outcome.errorLines,
      [
        "wrote photo.segmented.png", "wrote labels.png", "wrote report.json", "wrote scores.npy",
        "wrote 4 masks in a/masks/",
      ])

    // Labels: the class's index, and 255 for "other".
    let labels = try LabelImage(contentsOf: folder["labels.png"].path)
    XCTAssertEqual([labels.width, labels.height], [47, 33])
    XCTAssertEqual(labels.labels, expected.labels.labels.map { $0 == LabelMap.other ? 255 : $0 })

    // Masks: 255 where the label is the class's.
    for (name, label) in [
      ("000-cat", 0), ("001-traffic-light", 1), ("002-a-b", 2), ("other", LabelMap.other),
    ] {
      let mask = try RGBImage(contentsOf: folder["a/masks/\(name).png"].path)
      let red = stride(from: 0, to: mask.pixels.count, by: 3).map { mask.pixels[$0] }
      XCTAssertEqual(red, expected.labels.labels.map { $0 == label ? 255 : 0 }, name)
    }

    // Scores: of the user's classes alone.
    let scores = try XCTUnwrap(FloatArray(npy: folder.bytes("scores.npy")))
    XCTAssertEqual(scores.shape, [3, 33, 47])
    XCTAssertEqual(scores.values, expected.scores?.values)

    // The overlay.
    let overlay = try RGBImage(contentsOf: folder["photo.segmented.png"].path)
    XCTAssertEqual(
      overlay,
      try Overlay.render(ToyFiles.photo(width: 47, height: 33), labels: expected.labels, classes: names))

    // The table: a line a class, and "other".
    let lines = outcome.output.split(separator: "\n")
    XCTAssertEqual(lines.count, 5)
    for (line, entry) in zip(lines.dropFirst(), expected.classes + [other]) {
      XCTAssert(line.hasPrefix(entry.name), String(line))
      let numbers = line.dropFirst(entry.name.count).split(separator: " ")
      XCTAssertEqual(try XCTUnwrap(Double(numbers[0])), entry.coverage * 100, accuracy: 0.0501)
      if entry.pixels > 0 {
        XCTAssertEqual(try XCTUnwrap(Double(numbers[2])), entry.meanScore, accuracy: 0.000501)
      }
    }
  }

  func testJSON() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 47, height: 33), to: "photo.png")
    let outcome = try Program.run(
      ["segment", "photo.png"] + classes + model + [
        "--templates", "plain", "--background", "tree,sky", "--threshold", "0.1", "--json", "-", "--quiet",
      ], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.errors, "")
    let expected = try result(width: 47, height: 33, background: .names(["tree", "sky"]), threshold: 0.1)
    let report = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])

    let image = try XCTUnwrap(report["image"] as? [String: Any])
    XCTAssertEqual(image["path"] as? String, "photo.png")
    XCTAssertEqual([image["width"] as? Int, image["height"] as? Int], [47, 33])
    let model = try XCTUnwrap(report["model"] as? [String: Any])
    XCTAssertEqual(model["name"] as? String, "toy")
    XCTAssertEqual(model["path"] as? String, ToyFiles.model.path)
    XCTAssertEqual(model["parameters"] as? Int, 2_034_419)
    XCTAssertEqual(report["templates"] as? String, "plain")
    XCTAssertEqual(report["threshold"] as? Double, 0.1)
    let background = try XCTUnwrap(report["background"] as? [String: Any])
    XCTAssertEqual(background["mode"] as? String, "names")
    XCTAssertEqual(background["names"] as? [String], ["tree", "sky"])

    let entries =
      try XCTUnwrap(report["classes"] as? [[String: Any]]) + [XCTUnwrap(report["other"] as? [String: Any])]
    let exact = try ToyFiles.json(Array(outcome.output.utf8))
    guard case .array(var exactEntries) = exact["classes"] else { return XCTFail("classes") }
    exactEntries.append(try XCTUnwrap(exact["other"]))
    let results = expected.classes + [try XCTUnwrap(expected.other)]
    let colors = (0..<3).map { Palette.color(of: $0).hex } + [Palette.other.hex]
    XCTAssertEqual(entries.count, 4)
    for (index, entry) in entries.enumerated() {
      XCTAssertEqual(entry["name"] as? String, results[index].name)
      XCTAssertEqual(entry["label"] as? Int, index < 3 ? index : 255)
      XCTAssertEqual(entry["color"] as? String, colors[index])
      XCTAssertEqual(entry["pixels"] as? Int, results[index].pixels)
      XCTAssertEqual(entry["coverage"] as? Double, results[index].coverage)
      if results[index].pixels == 0 {
        XCTAssertNil(entry["score"] as? Double)
      } else {
        XCTAssertEqual(exactEntries[index]["score"], .real(results[index].meanScore))
      }
    }
    XCTAssertEqual(entries.compactMap { $0["pixels"] as? Int }.reduce(0, +), 47 * 33)

    let timings = try XCTUnwrap(report["timings_ms"] as? [String: Double])
    XCTAssertEqual(
      Set(timings.keys),
      ["read", "load", "text", "image", "clip", "side", "decoder", "recognition", "labels", "render"])
    XCTAssert(timings.values.allSatisfy { $0 >= 0 })
    XCTAssertLessThanOrEqual(timings.values.reduce(0, +), try XCTUnwrap(report["total_ms"] as? Double) + 0.01)

    // Members keep their order.
    let order = [
      "image", "model", "classes", "other", "background", "templates", "threshold", "timings_ms", "total_ms",
    ]
    let positions = order.map { outcome.output.range(of: "\n  \"\($0)\":")?.lowerBound }
    XCTAssert(positions.allSatisfy { $0 != nil })
    XCTAssertEqual(positions.compactMap { $0 }, positions.compactMap { $0 }.sorted())
  }

  func testSameRunSameBytes() throws {
    let first = try Scratch()
    let second = try Scratch()
    for (folder, threads) in [(first, "1"), (second, "2")] {
      try folder.write(ToyFiles.png(width: 60, height: 50), to: "photo.png")
      let outcome = try Program.run(
        ["segment", "photo.png", "--threads", threads] + classes + model + [
          "--labels", "labels.png", "--mask-dir", "masks", "--scores", "scores.npy", "--json", "report.json",
        ], in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
    }
    func withoutTimes(_ folder: Scratch) throws -> [String: [UInt8]] {
      var contents = try folder.contents()
      let report = String(decoding: try XCTUnwrap(contents["report.json"]), as: UTF8.self)
      contents["report.json"] = Array(report.split(separator: "\"timings_ms\"")[0].utf8)
      return contents
    }
    let (a, b) = (try withoutTimes(first), try withoutTimes(second))
    XCTAssertEqual(Set(a.keys), Set(b.keys))
    for name in a.keys { XCTAssert(a[name] == b[name], "\(name) differs") }
  }

  func testOddSizes() throws {
    for (width, height) in [(1, 1), (3000, 2), (2, 700), (33, 47)] {
      let folder = try Scratch()
      try folder.write(ToyFiles.png(width: width, height: height), to: "photo.png")
      let outcome = try Program.run(
        ["segment", "photo.png"] + classes + model + [
          "--templates", "plain", "--background", "none", "--labels", "labels.png", "--scores", "scores.npy",
        ], in: folder.url)
      XCTAssertEqual(outcome.status, 0, "\(width)×\(height): \(outcome.errors)")
      let expected = try result(width: width, height: height, background: .none)
      let labels = try LabelImage(contentsOf: folder["labels.png"].path)
      XCTAssertEqual([labels.width, labels.height], [width, height])
      XCTAssertEqual(labels.labels, expected.labels.labels, "\(width)×\(height)")
      XCTAssertEqual(FloatArray(npy: try folder.bytes("scores.npy"))?.values, expected.scores?.values)
      let overlay = try RGBImage(contentsOf: folder["photo.segmented.png"].path)
      XCTAssertGreaterThanOrEqual(overlay.width, width)
      XCTAssertGreaterThanOrEqual(overlay.height, height)
    }
  }

  func testJPEG() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.jpeg, to: "photo.jpeg")
    let outcome = try Program.run(
      ["segment", "photo.jpeg", "--classes", "cat", "--background", "none"] + model, in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    // One class and no background: it has every pixel.
    XCTAssert(outcome.output.contains("100.0 %"), outcome.output)
    XCTAssertEqual(Set(try folder.contents().keys), ["photo.jpeg", "photo.segmented.png"])
  }

  /// The table of a long vocabulary lists the classes that are there; of a few classes it lists all.
  func testTableOfALongVocabulary() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.jpeg, to: "photo.jpeg")
    let outcome = try Program.run(
      ["segment", "photo.jpeg", "--vocabulary", "coco-80", "--no-overlay", "--json", "report.json"] + model,
      in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let report = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(folder.bytes("report.json"))) as? [String: Any])
    let classes = try XCTUnwrap(report["classes"] as? [[String: Any]])
    let found = classes.filter { $0["pixels"] as? Int != 0 }.compactMap { $0["name"] as? String }
    XCTAssertEqual(classes.count, 80)
    XCTAssertLessThan(found.count, 80)
    let lines = outcome.output.split(separator: "\n").dropFirst()
    XCTAssertEqual(lines.count, found.count, outcome.output)
    for (line, name) in zip(lines, found) { XCTAssertTrue(line.hasPrefix(name), "\(line), not \(name)") }
    XCTAssertTrue(
      outcome.errors.contains("not listed: \(80 - found.count) of 80 classes, which have no pixel"),
      outcome.errors)

    let few = try Program.run(
      ["segment", "photo.jpeg", "--vocabulary", "voc-20", "--no-overlay"] + model, in: folder.url)
    XCTAssertEqual(few.output.split(separator: "\n").count, 21, few.output)
    XCTAssertFalse(few.errors.contains("not listed"), few.errors)
  }

  func testWhereTheOverlayGoes() throws {
    let folder = try Scratch()
    try FileManager.default.createDirectory(at: folder["in"], withIntermediateDirectories: true)
    try FileManager.default.createDirectory(at: folder["out"], withIntermediateDirectories: true)
    try folder.write(ToyFiles.png(width: 9, height: 8), to: "in/my.photo.PNG")
    // What is there already is replaced.
    try folder.write(Array("old".utf8), to: "out/named.png")
    let cases: [(output: [String], file: String)] = [
      ([], "in/my.photo.segmented.png"),
      (["--output", "out"], "out/my.photo.segmented.png"),
      (["--output", "./"], "my.photo.segmented.png"),
      (["--output", "out/named.png"], "out/named.png"),
    ]
    for (output, file) in cases {
      let outcome = try Program.run(
        ["segment", "in/my.photo.PNG", "--classes", "cat", "--background", "none"] + model + output,
        in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertNoThrow(try RGBImage(contentsOf: folder[file].path), file)
    }
    XCTAssertEqual(
      Set(try folder.contents().keys),
      Set(["in", "out", "in/my.photo.PNG"] + cases.map(\.file)))
  }

  func testTwoThousandClasses() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 20, height: 16), to: "photo.png")
    let many = (0..<2000).map { "thing number \($0)" }.joined(separator: ",")
    let outcome = try Program.run(
      ["segment", "photo.png", "--classes", many, "--templates", "plain", "--background", "none"] + model + [
        "--labels", "labels.png",
      ], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let labels = try LabelImage(contentsOf: folder["labels.png"].path)
    XCTAssert(labels.labels.allSatisfy { $0 < 2000 })
    XCTAssertEqual(outcome.output.split(separator: "\n").count, 1 + Set(labels.labels).count)
    // 16 bits of grey, by the PNG header's own bytes.
    XCTAssertEqual(Array(try folder.bytes("labels.png")[24..<26]), [16, 0])
  }

  func testTemplatesFileAndSizes() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 60, height: 50), to: "photo.png")
    try folder.write(Array("a picture of {}\n\n{} indeed\n".utf8), to: "templates.txt")
    let outcome = try Program.run(
      ["segment", "photo.png", "--classes", "cat,dog", "--background", "none"] + model + [
        "--templates", "templates.txt", "--size", "96", "--resample", "bilinear", "--scores", "scores.npy",
        "--json", "-",
      ], in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.output.contains(#""templates": "custom""#))
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let vocabulary = try segmenter.vocabulary(
      ["cat", "dog"], background: .none, templates: PromptTemplates(["a picture of {}", "{} indeed"]))
    let expected = try segmenter.segment(
      ToyFiles.photo(width: 60, height: 50), vocabulary: vocabulary, shortSide: 96, resampling: .bilinear,
      scores: true)
    XCTAssertEqual(FloatArray(npy: try folder.bytes("scores.npy"))?.values, expected.scores?.values)
  }

  /// A file names the same classes as a list, and a built-in set those of its data set.
  func testClassesFileAndSets() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 20, height: 16), to: "photo.png")
    let text = "\u{FEFF}# mine\r\n\r\n  cat # a comment\r\ntraffic light\na, b\r\\# 1#2 \\\\ x"
    try folder.write(Array(text.utf8), to: "classes.txt")
    func report(_ options: [String]) throws -> [String: Any] {
      let outcome = try Program.run(
        ["segment", "photo.png", "--templates", "plain", "--json", "-"] + model + options, in: folder.url)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      return try XCTUnwrap(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }
    func classes(_ report: [String: Any]) throws -> [String] {
      try XCTUnwrap(report["classes"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    }
    func mode(_ report: [String: Any]) -> String? {
      (report["background"] as? [String: Any])?["mode"] as? String
    }

    let own = try report(["--classes-file", "classes.txt"])
    XCTAssertEqual(try classes(own), ["cat", "traffic light", "a, b", #"# 1#2 \ x"#])
    XCTAssertEqual(mode(own), "distractors")
    let set = try report(["--vocabulary", "ade20k-150"])
    XCTAssertEqual(try classes(set), try Vocabularies.names(of: "ade20k-150"))
    XCTAssertEqual(mode(set), "none")
    XCTAssert(set["other"] is NSNull)
    XCTAssertEqual(
      mode(try report(["--vocabulary", "voc-20", "--background", "distractors"])), "distractors")
  }

  func testSynonyms() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 40, height: 33), to: "photo.png")
    try folder.write(Array("a\\=b\npet = cat|a, b # two\n".utf8), to: "classes.txt")
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let names = ["a=b", ClassName("pet", synonyms: ["cat", "a, b"])]
    let lists = [["--classes", #"a\=b,pet=cat|a\, b"#], ["--classes-file", "classes.txt"]]
    let options = ["--templates", "plain", "--background", "none", "--scores", "scores.npy"] + model
    for (pooling, option) in [
      (.best, []), (.best, ["--synonyms", "best"]), (.mean, ["--synonyms", "mean"]),
    ] as [(SynonymPooling, [String])] {
      let vocabulary = try segmenter.vocabulary(
        names, synonyms: pooling, background: .none, templates: .plain)
      let expected = try segmenter.segment(
        ToyFiles.photo(width: 40, height: 33), vocabulary: vocabulary, scores: true)
      for list in lists {
        let outcome = try Program.run(["segment", "photo.png"] + list + options + option, in: folder.url)
        XCTAssertEqual(outcome.status, 0, outcome.errors)
        XCTAssertEqual(
          outcome.output.split(separator: "\n").dropFirst().map { $0.prefix(3) }, ["a=b", "pet"])
        XCTAssertEqual(FloatArray(npy: try folder.bytes("scores.npy"))?.values, expected.scores?.values)
      }
    }
  }

  func testDevice() throws {
    let folder = try Scratch()
    try folder.write(ToyFiles.png(width: 9, height: 8), to: "photo.png")
    let outcome = try Program.run(
      ["segment", "photo.png", "--classes", "cat", "--background", "none", "--json", "/dev/null"] + model,
      in: folder.url)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    // Still a device.
    var status = stat()
    XCTAssertEqual(stat("/dev/null", &status), 0)
    XCTAssertEqual(status.st_mode & S_IFMT, S_IFCHR)
  }
}
