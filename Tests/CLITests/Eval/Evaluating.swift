import Foundation
import SANCore
import SANInference
import XCTest

/// `eval` with the toy model on made-up photos and labels.
struct Evaluating {
  let folder: Scratch
  static let classes = ["cat", "traffic light", "sky"]
  static let common = ["--model", ToyFiles.model.path, "--templates", "plain", "--size", "64"]

  init() throws { folder = try Scratch() }

  /// Writes a file and the folders that it lies in.
  func addFile(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try FileManager.default.createDirectory(
      at: folder[name].deletingLastPathComponent(), withIntermediateDirectories: true)
    try folder.write(bytes, to: name)
  }

  /// Labels of `size` that are `values` in no order, the same for one `seed`.
  static func labels(_ size: Grid, values: [UInt16], seed: UInt64) -> [UInt16] {
    var state = seed
    return (0..<size.count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return values[Int(state >> 33) % values.count]
    }
  }

  /// Adds a photo `images/NAME.png` and its labels, `labels/NAME.png`.
  func add(_ name: String, width: Int, height: Int, labels: [UInt16], labelsName: String? = nil) throws {
    try addFile("images/\(name).png", ToyFiles.png(width: width, height: height))
    try addLabels(labelsName ?? name, width: width, height: height, labels)
  }

  func addLabels(_ name: String, width: Int, height: Int, _ labels: [UInt16]) throws {
    let isNarrow = labels.allSatisfy { $0 < 256 }
    try addFile(
      "labels/\(name).png",
      isNarrow
        ? PNGWriter.encode(gray: labels.map { UInt8($0) }, width: width, height: height)
        : PNGWriter.encode(gray16: labels, width: width, height: height))
  }

  /// Photos of several sizes, in folders, with labels of all classes and some that are left out.
  static let names = ["a", "b/c", "b/d", "e"]

  static func size(_ index: Int) -> Grid { Grid(height: 20 + 7 * index, width: 33 - 5 * index) }

  static func labels(_ index: Int) -> [UInt16] {
    labels(size(index), values: index == 3 ? [1, 255] : [0, 1, 1, 255], seed: UInt64(index))
  }

  func addAll() throws {
    for (index, name) in Evaluating.names.enumerated() {
      let size = Evaluating.size(index)
      try add(name, width: size.width, height: size.height, labels: Evaluating.labels(index))
    }
  }

  /// Runs `eval` on the folders `images` and `labels`.
  func run(
    _ arguments: [String] = [], classes: [String] = ["--classes", classes.joined(separator: ",")]
  ) throws -> Program.Outcome {
    try Program.run(self.arguments(arguments, classes: classes), in: folder.url)
  }

  /// The command line of `eval` on the folders `images` and `labels`.
  func arguments(
    _ arguments: [String], classes: [String] = ["--classes", classes.joined(separator: ",")]
  ) -> [String] {
    ["eval", "--images", "images", "--labels", "labels"] + classes + Evaluating.common + arguments
  }

  /// Runs it for its JSON.
  func report(
    _ arguments: [String] = [], classes: [String] = ["--classes", classes.joined(separator: ",")]
  ) throws -> [String: Any] {
    let outcome = try run(["--json", "-"] + arguments, classes: classes)
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    return try XCTUnwrap(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// The counts of pairs that the JSON's classes are made of: true and given pixels, and those that agree.
  struct Counts: Equatable {
    var correct = [0, 0, 0]
    var truth = [0, 0, 0]
    var given = [0, 0, 0]
    var leftOut = 0

    init() {}

    init(_ report: [String: Any]) throws {
      let classes = try XCTUnwrap(report["classes"] as? [[String: Any]])
      func numbers(_ key: String) throws -> [Int] { try classes.map { try XCTUnwrap($0[key] as? Int) } }
      correct = try numbers("correct_pixels")
      truth = try numbers("true_pixels")
      given = try numbers("predicted_pixels")
      leftOut = try XCTUnwrap((report["pixels"] as? [String: Any])?["left_out"] as? Int)
    }
  }

  /// What the photos `indices` should give: the library's predictions, counted pixel by pixel.
  static func expected(
    _ indices: some Sequence<Int>, views: ViewOptions = .one,
    classes: [ClassName] = classes.map { ClassName($0) }, synonyms: SynonymPooling = .best,
    labels: (Int) -> [Int?] = known
  ) throws -> Counts {
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let vocabulary = try segmenter.vocabulary(
      classes, synonyms: synonyms, background: .none, templates: .plain)
    var counts = Counts()
    for index in indices {
      let photo = try ToyFiles.photo(width: size(index).width, height: size(index).height)
      let target = try TargetSize.evaluation(
        width: photo.width, height: photo.height, shortSide: 64, longSideLimit: 256)
      let encoded = try segmenter.encode(photo, resizedTo: target, resampling: .bilinear, views: views)
      let prediction = try segmenter.segment(encoded, vocabulary: vocabulary).labels.labels.map(Int.init)
      for (truth, given) in zip(labels(index), prediction) {
        guard let truth else {
          counts.leftOut += 1
          continue
        }
        counts.truth[truth] += 1
        counts.given[given] += 1
        counts.correct[truth] += truth == given ? 1 : 0
      }
    }
    return counts
  }

  /// The true classes of a photo's pixels; nil where they are left out.
  static func known(_ index: Int) -> [Int?] { labels(index).map { $0 == 255 ? nil : Int($0) } }
}
