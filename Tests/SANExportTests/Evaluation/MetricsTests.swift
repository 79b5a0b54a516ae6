import Foundation
import SANCore
import SANExport
import SANInference
import TestSupport
import XCTest

/// Metrics against scikit-learn's, and how confusion matrices count.
final class MetricsTests: XCTestCase {
  private struct Summary: Decodable {
    let pixel_accuracy: Double?
    let mean_accuracy: Double?
    let mean_iou: Double?
    let mean_iou_of_true_classes: Double?
    let frequency_weighted_iou: Double?
  }

  private struct PerClass: Decodable {
    let iou: [Double?]
    let accuracy: [Double?]
    let true_pixels: [Int64]
    let predicted_pixels: [Int64]
  }

  private struct Case: Decodable {
    let name: String
    let classes: Int
    let offset: Int
    let ignored: UInt16
    let images: Int
    let summary: Summary
    let perClass: PerClass
    let best_label: Int
    let best: Summary
    let oracle: Summary

    enum CodingKeys: CodingKey {
      case name, classes, offset, ignored, images, metrics, best_label, best, oracle
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      classes = try values.decode(Int.self, forKey: .classes)
      offset = try values.decode(Int.self, forKey: .offset)
      ignored = try values.decode(UInt16.self, forKey: .ignored)
      images = try values.decode(Int.self, forKey: .images)
      summary = try values.decode(Summary.self, forKey: .metrics)
      perClass = try values.decode(PerClass.self, forKey: .metrics)
      best_label = try values.decode(Int.self, forKey: .best_label)
      best = try values.decode(Summary.self, forKey: .best)
      oracle = try values.decode(Summary.self, forKey: .oracle)
    }

    /// The confusion matrix of each image, from its two files.
    func confusions() throws -> [ConfusionMatrix] {
      let encoding = LabelEncoding(classCount: classes, offset: offset, ignored: [ignored])
      return try (0..<images).map { index in
        func file(_ kind: String) throws -> LabelImage {
          try LabelImage(contentsOf: Fixture.url("evaluation/\(name)-\(index)-\(kind).png").path)
        }
        let prediction = try file("prediction")
        var confusion = ConfusionMatrix(classCount: classes)
        try confusion.add(
          truth: encoding.decode(file("labels")).labels,
          prediction: LabelMap(
            size: Grid(height: prediction.height, width: prediction.width), labels: prediction.labels))
        return confusion
      }
    }
  }

  private func cases() throws -> [Case] {
    try JSONDecoder().decode([Case].self, from: Data(Fixture.bytes("evaluation/expected.json")))
  }

  private func assertEqual(
    _ found: Double?, _ expected: Double?, _ message: String, line: UInt = #line
  ) {
    guard let found, let expected else {
      return XCTAssertEqual(found, expected, message, line: line)
    }
    XCTAssertEqual(found, expected, accuracy: 1e-12, message, line: line)
  }

  private func assertEqual(
    _ found: SegmentationMetrics, _ expected: Summary, _ name: String, line: UInt = #line
  ) {
    assertEqual(found.pixelAccuracy, expected.pixel_accuracy, "\(name) pixel accuracy", line: line)
    assertEqual(found.meanAccuracy, expected.mean_accuracy, "\(name) mean accuracy", line: line)
    assertEqual(found.meanIoU, expected.mean_iou, "\(name) mIoU", line: line)
    assertEqual(
      found.meanIoUOfTrueClasses, expected.mean_iou_of_true_classes, "\(name) mIoU of true classes",
      line: line)
    assertEqual(found.frequencyWeightedIoU, expected.frequency_weighted_iou, "\(name) fwIoU", line: line)
  }

  func testScikitLearn() throws {
    let cases = try cases()
    XCTAssertEqual(cases.map(\.name), ["five", "one", "nothing", "offset", "many"])
    for entry in cases {
      var confusion = ConfusionMatrix(classCount: entry.classes)
      for part in try entry.confusions() { confusion.merge(part) }
      let metrics = SegmentationMetrics(confusion)
      assertEqual(metrics, entry.summary, entry.name)
      XCTAssertEqual(metrics.classes.map(\.truePixels), entry.perClass.true_pixels, entry.name)
      XCTAssertEqual(metrics.classes.map(\.predictedPixels), entry.perClass.predicted_pixels, entry.name)
      XCTAssertEqual(metrics.trueClassCount, entry.perClass.true_pixels.count { $0 > 0 })
      for (index, found) in metrics.classes.enumerated() {
        assertEqual(found.iou, entry.perClass.iou[index], "\(entry.name) IoU of \(index)")
        assertEqual(found.accuracy, entry.perClass.accuracy[index], "\(entry.name) accuracy of \(index)")
      }
    }
  }

  func testBaselines() throws {
    for entry in try cases() {
      var baselines = SingleLabelBaselines(classCount: entry.classes)
      for part in try entry.confusions() { baselines.add(part) }
      assertEqual(SegmentationMetrics(baselines.oracle), entry.oracle, "\(entry.name), oracle")
      guard entry.best.mean_iou != nil else {
        XCTAssertNil(baselines.bestLabel)
        continue
      }
      let best = try XCTUnwrap(baselines.bestLabel)
      XCTAssertEqual(best.label, entry.best_label)
      assertEqual(SegmentationMetrics(best.confusion), entry.best, "\(entry.name), best label")
    }
  }

  /// Of labels that are equally frequent the first counts.
  func testBaselineTies() throws {
    var image = ConfusionMatrix(classCount: 4)
    for truth in [3, 1, 2] { image.add(5, truth: truth, prediction: 0) }
    var baselines = SingleLabelBaselines(classCount: 4)
    baselines.add(image)
    XCTAssertEqual(baselines.bestLabel?.label, 1)
    XCTAssertEqual(Set(baselines.oracle.entries.map(\.prediction)), [1])
  }

  func testCounting() throws {
    let truth = Pictures.labels("0011 22.. 0000")
    let prediction = Pictures.labels("0010 2012 0001")
    var confusion = ConfusionMatrix(classCount: 3)
    try confusion.add(truth: truth, prediction: prediction)
    let expected: [ConfusionMatrix.Entry] = [
      .init(truth: 0, prediction: 0, pixels: 5), .init(truth: 0, prediction: 1, pixels: 1),
      .init(truth: 1, prediction: 0, pixels: 1), .init(truth: 1, prediction: 1, pixels: 1),
      .init(truth: 2, prediction: 0, pixels: 1), .init(truth: 2, prediction: 2, pixels: 1),
    ]
    XCTAssertEqual(confusion.entries, expected)
    XCTAssertEqual(confusion.pixels, 10)
    XCTAssertEqual(confusion[0, 0], 5)
    XCTAssertEqual(confusion[2, 1], 0)

    // The sum of two is the count of both, in either order.
    var twice = confusion
    try twice.add(truth: prediction, prediction: prediction)
    var other = ConfusionMatrix(classCount: 3)
    try other.add(truth: prediction, prediction: prediction)
    other.merge(confusion)
    XCTAssertEqual(twice, other)
    XCTAssertEqual(twice.pixels, 22)
  }

  func testWrongMaps() throws {
    var confusion = ConfusionMatrix(classCount: 3)
    let map = Pictures.labels("012 012")
    XCTAssertThrowsError(try confusion.add(truth: map, prediction: Pictures.labels("01 20 12"))) {
      XCTAssertEqual(
        $0 as? EvaluationError,
        .sizeMismatch(truth: Grid(height: 2, width: 3), prediction: Grid(height: 3, width: 2)))
    }
    for (truth, prediction) in [("013 000", "000 000"), ("000 000", "003 000"), ("000 000", "00. 000")] {
      XCTAssertThrowsError(
        try confusion.add(truth: Pictures.labels(truth), prediction: Pictures.labels(prediction))
      ) {
        guard case .unknownLabel(_, 3)? = $0 as? EvaluationError else { return XCTFail("\($0)") }
      }
    }
    // Nothing of a map that is refused counts.
    XCTAssertEqual(confusion, ConfusionMatrix(classCount: 3))
    // What is given where the truth is not known may be anything.
    try confusion.add(truth: Pictures.labels("... 00."), prediction: Pictures.labels("9.. 019"))
    XCTAssertEqual(confusion.pixels, 2)
  }
}
