import Foundation
import SANCore
import SANInference
import XCTest

/// `eval` end to end on the toy model: every output read back and held against the library's own predictions.
final class EvalTests: XCTestCase {
  private func metrics(_ counts: Evaluating.Counts) -> [String: Double] {
    let classes = counts.truth.indices
    func iou(_ index: Int) -> Double? {
      let union = counts.truth[index] + counts.given[index] - counts.correct[index]
      return union == 0 ? nil : Double(counts.correct[index]) / Double(union)
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let total = Double(counts.truth.reduce(0, +))
    let there = classes.filter { counts.truth[$0] > 0 }
    return [
      "pixel_accuracy": Double(counts.correct.reduce(0, +)) / total,
      "mean_accuracy": mean(there.map { Double(counts.correct[$0]) / Double(counts.truth[$0]) }),
      "mean_iou": mean(classes.compactMap(iou)),
      "mean_iou_of_true_classes": mean(there.compactMap(iou)),
      "frequency_weighted_iou": there.reduce(0) { $0 + Double(counts.truth[$1]) / total * (iou($1) ?? 0) },
    ]
  }

  private func assertEqual(
    _ found: Any?, _ expected: [String: Double], line: UInt = #line
  ) throws {
    let found = try XCTUnwrap(found as? [String: Any], line: line)
    XCTAssertEqual(found.compactMapValues { $0 as? Double }.count, expected.count, line: line)
    for (name, value) in expected {
      XCTAssertEqual(
        try XCTUnwrap(found[name] as? Double, name), value, accuracy: 1e-12, name, line: line)
    }
  }

  func testEveryOutput() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let outcome = try eval.run([
      "--json", "report.json", "--csv", "classes.csv", "--confusion", "confusion.png", "--predictions",
      "made/maps", "--baselines",
    ])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let expected = try Evaluating.expected(0..<4)

    let report = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(eval.folder.bytes("report.json"))) as? [String: Any])
    XCTAssertEqual(try Evaluating.Counts(report), expected)
    XCTAssertEqual(report["images"] as? Int, 4)
    let pixels = try XCTUnwrap(report["pixels"] as? [String: Any])
    XCTAssertEqual(pixels["counted"] as? Int, expected.truth.reduce(0, +))
    try assertEqual(report["metrics"], metrics(expected))
    let settings = try XCTUnwrap(report["settings"] as? [String: Any])
    XCTAssertEqual(settings["short_side"] as? Int, 64)
    XCTAssertEqual(settings["long_side_limit"] as? Int, 256)
    XCTAssertEqual(settings["ignore"] as? [Int], [255])
    let classes = try XCTUnwrap(report["classes"] as? [[String: Any]])
    XCTAssertEqual(classes.map { $0["name"] as? String }, Evaluating.classes)
    var ratios: [Double?] = []
    for (index, entry) in classes.enumerated() {
      let (correct, truth, given) = (
        expected.correct[index], expected.truth[index], expected.given[index]
      )
      let union = truth + given - correct
      ratios.append(union == 0 ? nil : Double(correct) / Double(union))
      ratios.append(truth == 0 ? nil : Double(correct) / Double(truth))
      // Foundation's parser is off by a rounding now and then.
      for (found, expected) in zip([entry["iou"], entry["accuracy"]], ratios.suffix(2)) {
        XCTAssertEqual(found as? Double == nil, expected == nil)
        XCTAssertEqual(found as? Double ?? 0, expected ?? 0, accuracy: 1e-15)
      }
    }

    // The baselines: everything a class, and each photo its own most frequent one.
    let baselines = try XCTUnwrap(report["baselines"] as? [String: [String: Any]])
    var (best, oracle) = (expected, Evaluating.Counts())
    let most = try XCTUnwrap(expected.truth.indices.max { expected.truth[$0] < expected.truth[$1] })
    best.given = [0, 0, 0]
    best.given[most] = expected.truth.reduce(0, +)
    best.correct = [0, 0, 0]
    best.correct[most] = expected.truth[most]
    for index in 0..<4 {
      let known = Evaluating.known(index).compactMap { $0 }
      let counts = (0..<3).map { label in known.count { $0 == label } }
      let own = try XCTUnwrap(counts.indices.max { counts[$0] < counts[$1] })
      for label in 0..<3 { oracle.truth[label] += counts[label] }
      oracle.given[own] += known.count
      oracle.correct[own] += counts[own]
    }
    XCTAssertEqual(baselines["best_label"]?["class"] as? String, Evaluating.classes[most])
    try assertEqual(baselines["best_label"]?.filter { $0.key != "class" }, metrics(best))
    try assertEqual(baselines["oracle"], metrics(oracle))

    // The table: the model, the baselines, a line a class.
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    XCTAssertEqual(lines.count, 1 + 1 + 4 + 1 + 4 + 1, outcome.output)
    XCTAssert(lines[0].hasPrefix("4 photos, "), outcome.output)
    XCTAssert(lines[3].hasPrefix("toy "))
    XCTAssert(lines[4].hasPrefix("best single label: \(Evaluating.classes[most]) "))
    XCTAssert(lines[5].hasPrefix("each photo's own label "))
    let share = try XCTUnwrap(metrics(expected)["pixel_accuracy"])
    let columns = lines[3].split(separator: " ")
    XCTAssertEqual(try XCTUnwrap(Double(columns[1])), share * 100, accuracy: 0.00501)
    for (line, name) in zip(lines[8...], Evaluating.classes) {
      XCTAssert(line.hasPrefix("\(name) "), "\(line)")
    }

    // CSV.
    let rows = String(decoding: try eval.folder.bytes("classes.csv"), as: UTF8.self).split(separator: "\n")
    XCTAssertEqual(rows[0], "class,iou,accuracy,correct_pixels,true_pixels,predicted_pixels")
    for (index, row) in rows.dropFirst().enumerated() {
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      XCTAssertEqual(String(cells[0]), Evaluating.classes[index])
      XCTAssertEqual(cells[1...2].map { Double($0) }, Array(ratios[2 * index..<2 * index + 2]))
      XCTAssertEqual(
        cells[3...].map { Int($0) }, [expected.correct[index], expected.truth[index], expected.given[index]])
    }

    // The picture, and the label maps in the tree of the photos.
    XCTAssertNoThrow(try RGBImage(contentsOf: eval.folder["confusion.png"].path))
    var given = [0, 0, 0]
    for (index, name) in Evaluating.names.enumerated() {
      let map = try LabelImage(contentsOf: eval.folder["made/maps/\(name).png"].path)
      XCTAssertEqual(Grid(height: map.height, width: map.width), Evaluating.size(index))
      for (label, truth) in zip(map.labels, Evaluating.known(index)) where truth != nil {
        given[Int(label)] += 1
      }
    }
    XCTAssertEqual(given, expected.given)
    XCTAssertEqual(
      Array(outcome.errorLines.suffix(4)),
      [
        "wrote report.json", "wrote classes.csv", "wrote confusion.png", "wrote 4 label maps in made/maps",
      ])
  }

  func testThreads() throws {
    let eval = try Evaluating()
    try eval.addAll()
    var results: [[String: [UInt8]]] = []
    for threads in ["1", "2", "3"] {
      let outcome = try eval.run([
        "--threads", threads, "--json", "report.json", "--csv", "classes.csv", "--confusion",
        "confusion.png", "--predictions", "maps", "--quiet",
      ])
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      XCTAssertEqual(outcome.errors, "")
      var files = try eval.folder.contents()
      files["output"] = Array(outcome.output.utf8)
      results.append(files)
    }
    for other in results.dropFirst() {
      XCTAssertEqual(Set(other.keys), Set(results[0].keys))
      for name in other.keys { XCTAssert(other[name] == results[0][name], "\(name) differs") }
    }
  }

  func testLimitAndList() throws {
    let eval = try Evaluating()
    try eval.addAll()
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(["--limit", "2"])), try Evaluating.expected([0, 1]))
    XCTAssertEqual(try eval.report(["--limit", "99"])["images"] as? Int, 4)
    try eval.addFile("list.txt", Array("e\r\n\nb/d\ne\n".utf8))
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(["--list", "list.txt"])), try Evaluating.expected([2, 3]))
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(["--list", "list.txt", "--limit", "1"])), try Evaluating.expected([2])
    )
    // Only photos that are chosen need labels.
    try FileManager.default.removeItem(at: eval.folder["labels/a.png"])
    XCTAssertEqual(try eval.report(["--list", "list.txt"])["images"] as? Int, 2)
  }

  /// Scales, mirror images and windows, as `segment` has them.
  func testViews() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let views = try ViewOptions(scales: [1, 1.5], flip: true, window: 64, overlap: 0.5)
    let report = try eval.report(["--scales", "1,1.5", "--flip", "--window", "64", "--overlap", "0.5"])
    XCTAssertEqual(try Evaluating.Counts(report), try Evaluating.expected(0..<4, views: views))
    let settings = try XCTUnwrap(report["settings"] as? [String: Any])
    XCTAssertEqual(settings["scales"] as? [Double], [1, 1.5])
    XCTAssertEqual(settings["flip"] as? Bool, true)
    XCTAssertEqual(settings["window"] as? Int, 64)
    XCTAssertEqual(settings["overlap"] as? Double, 0.5)
  }

  func testOffset() throws {
    let eval = try Evaluating()
    let size = Evaluating.size(0)
    let labels = Evaluating.labels(size, values: [0, 1, 2, 3, 7], seed: 5)
    try eval.add("a", width: size.width, height: size.height, labels: labels)
    let expected = try Evaluating.expected([0]) { _ in labels.map { (1...3).contains($0) ? Int($0) - 1 : nil }
    }
    let report = try eval.report(["--label-offset", "1", "--ignore", "7"])
    XCTAssertEqual(try Evaluating.Counts(report), expected)
    XCTAssertEqual((report["pixels"] as? [String: Any])?["unlisted"] as? [String: Int], [:])
  }

  func testSixteenBits() throws {
    let eval = try Evaluating()
    let size = Evaluating.size(0)
    let labels = Evaluating.labels(size, values: [999, 1000, 1001, 65_535], seed: 5)
    try eval.add("a", width: size.width, height: size.height, labels: labels)
    let expected = try Evaluating.expected([0]) { _ in labels.map { $0 == 65_535 ? nil : Int($0) - 999 } }
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(["--label-offset", "999", "--ignore", "65535, 3"])), expected)
  }

  /// More than 255 classes: 255 is one of them, and 65535 is what is left out.
  func testManyClasses() throws {
    let eval = try Evaluating()
    let size = Evaluating.size(0)
    let labels = Evaluating.labels(size, values: [255, 299, 65_535], seed: 5)
    try eval.add("a", width: size.width, height: size.height, labels: labels)
    let names = (0..<300).map { "thing \($0)" }.joined(separator: ",")
    let report = try eval.report(["--predictions", "maps"], classes: ["--classes", names])
    let classes = try XCTUnwrap(report["classes"] as? [[String: Any]])
    XCTAssertEqual(classes[255]["true_pixels"] as? Int, labels.count { $0 == 255 })
    XCTAssertEqual(classes[299]["true_pixels"] as? Int, labels.count { $0 == 299 })
    XCTAssertEqual(
      (report["pixels"] as? [String: Any])?["left_out"] as? Int, labels.count { $0 == 65_535 })
    let map = try LabelImage(contentsOf: eval.folder["maps/a.png"].path)
    XCTAssert(map.labels.allSatisfy { $0 < 300 })
  }

  func testLabelNames() throws {
    let eval = try Evaluating()
    let size = Evaluating.size(0)
    let labels = Evaluating.labels(size, values: [0, 1, 17, 90, 12, 13, 255], seed: 5)
    try eval.add("a", width: size.width, height: size.height, labels: labels)
    try eval.addFile("names.txt", Array("0\tnothing at all\n1\tsky\r\n\n17\t Traffic  light\n90\tcat\n".utf8))
    let expected = try Evaluating.expected([0]) { _ in labels.map { [1: 2, 17: 1, 90: 0][$0] } }
    let outcome = try eval.run(["--label-names", "names.txt", "--ignore", "0,255", "--json", "-"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    let report = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    XCTAssertEqual(try Evaluating.Counts(report), expected)
    let (twelve, thirteen) = (labels.count { $0 == 12 }, labels.count { $0 == 13 })
    XCTAssertEqual(
      (report["pixels"] as? [String: Any])?["unlisted"] as? [String: Int], ["12": twelve, "13": thirteen])
    XCTAssertEqual(
      outcome.errors,
      "left out: \(twelve + thirteen) pixels whose number has no class in --label-names: 12, 13\n")
  }

  /// As Cityscapes names its files.
  func testSuffixes() throws {
    let eval = try Evaluating()
    for (index, name) in Evaluating.names.enumerated() {
      let size = Evaluating.size(index)
      try eval.add(
        "\(name)_photo", width: size.width, height: size.height, labels: Evaluating.labels(index),
        labelsName: "\(name)_ids")
      try eval.addFile("images/\(name)_depth.png", ToyFiles.png(width: 3, height: 3))
      try eval.addFile("labels/\(name)_color.png", ToyFiles.png(width: 3, height: 3))
    }
    let arguments = ["--image-suffix", "_photo", "--label-suffix", "_ids", "--predictions", "maps"]
    XCTAssertEqual(try Evaluating.Counts(eval.report(arguments)), try Evaluating.expected(0..<4))
    for name in Evaluating.names {
      XCTAssertNoThrow(try LabelImage(contentsOf: eval.folder["maps/\(name).png"].path))
    }
    try eval.addFile("list.txt", Array("b/c\n".utf8))
    XCTAssertEqual(
      try Evaluating.Counts(eval.report(arguments + ["--list", "list.txt"])), try Evaluating.expected([1]))
  }

  /// A line at each tenth in a log, with the rate of what is not known already.
  func testProgressInALog() throws {
    let eval = try Evaluating()
    try eval.addAll()
    let line = #"[0-9.]+ (photos/s|s/photo), [0-9:]+ (s|min|h) left, mIoU ([0-9.]+ %|-)"#
    let first = try eval.run(["--state", "state.jsonl", "--limit", "2"])
    XCTAssertEqual(first.errorLines.count, 1, first.errors)
    XCTAssertNotNil(first.errorLines[0].wholeMatch(of: try Regex("1 of 2 photos, \(line)")), first.errors)
    let second = try eval.run(["--state", "state.jsonl"])
    XCTAssertEqual(second.errorLines.count, 2, second.errors)
    XCTAssertNotNil(second.errorLines[0].wholeMatch(of: try Regex("3 of 4 photos, \(line)")), second.errors)
    XCTAssertEqual(second.errorLines[1], "2 of 4 photos were known from state.jsonl")
  }

  func testNothingCounts() throws {
    let eval = try Evaluating()
    try eval.add("a", width: 9, height: 8, labels: Array(repeating: 255, count: 72))
    let outcome = try eval.run(["--json", "-", "--baselines"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssert(outcome.errors.contains("no pixel counts"), outcome.errors)
    let report = try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let metrics = try XCTUnwrap(report["metrics"] as? [String: Any])
    XCTAssertEqual(metrics.count, 5)
    XCTAssert(metrics.values.allSatisfy { $0 is NSNull })
  }
}
