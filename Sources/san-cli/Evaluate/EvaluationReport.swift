import SANExport
import SANInference

/// What an evaluation found, as a table, as JSON and as CSV.
struct EvaluationReport {
  let settings: EvaluationSettings
  let tally: EvaluationTally
  /// Whether the references from the labels alone are told.
  let baselines: Bool

  private var classes: [String] { settings.titles }

  private var metrics: SegmentationMetrics { SegmentationMetrics(tally.confusion) }

  /// The references from the labels alone.
  private var references: [(title: String, key: String, label: String?, metrics: SegmentationMetrics)] {
    guard baselines, let best = tally.baselines.bestLabel else { return [] }
    let name = classes[best.label]
    return [
      ("best single label: \(name.shortened)", "best_label", name, SegmentationMetrics(best.confusion)),
      ("each photo's own label", "oracle", nil, SegmentationMetrics(tally.baselines.oracle)),
    ]
  }

  // MARK: For people

  /// The table: the model and the baselines, then the classes.
  var table: String {
    let metrics = metrics
    var head = TextTable()
    head.add("", "pixel acc.", "mean acc.", "mIoU", "mIoU (true)", "fwIoU")
    for (title, metrics) in [(settings.segmenter.name, metrics)] + references.map({ ($0.title, $0.metrics) })
    {
      head.add(
        title, percent(metrics.pixelAccuracy), percent(metrics.meanAccuracy), percent(metrics.meanIoU),
        percent(metrics.meanIoUOfTrueClasses), percent(metrics.frequencyWeightedIoU))
    }
    var body = TextTable()
    body.add("class", "IoU", "accuracy", "true pixels", "given")
    for (name, entry) in zip(classes, metrics.classes) {
      body.add(
        name.shortened, percent(entry.iou), percent(entry.accuracy), entry.truePixels.grouped,
        entry.predictedPixels.grouped)
    }
    return """
      \(tally.images) photos, \(metrics.pixels.grouped) pixels counted, \(tally.leftOut.grouped) left out; \
      \(classes.count) classes, \(metrics.trueClassCount) of them in the labels

      \(head.text)
      \(body.text)
      """
  }

  private func percent(_ share: Double?) -> String { share.map { "\(($0 * 100).fixed(2)) %" } ?? "-" }

  // MARK: For programs

  /// The evaluation as JSON:
  ///
  ///     settings   what the results depend on
  ///     images     how many
  ///     pixels     counted; left_out; unlisted, by number, those whose number has no name
  ///     metrics    pixel_accuracy, mean_accuracy, mean_iou, mean_iou_of_true_classes, frequency_weighted_iou: shares
  ///                of 1, null where there is nothing to divide by
  ///     baselines  best_label, with its class, and oracle, as metrics; null where not asked for
  ///     classes    in the vocabulary's order: name, iou, accuracy, correct_pixels, true_pixels, predicted_pixels
  var json: String {
    let metrics = metrics
    return JSONText.object([
      ("settings", .object(settings.members)),
      ("images", .integer(tally.images)),
      (
        "pixels",
        .object([
          ("counted", .integer(Int(metrics.pixels))), ("left_out", .integer(tally.leftOut)),
          (
            "unlisted",
            .object(tally.unlisted.sorted { $0.key < $1.key }.map { (String($0.key), .integer($0.value)) })
          ),
        ])
      ),
      ("metrics", .object(EvaluationReport.members(metrics))),
      (
        "baselines",
        baselines
          ? .object(
            references.map { entry in
              let label = entry.label.map { [("class", JSONText.string($0))] } ?? []
              return (entry.key, .object(label + EvaluationReport.members(entry.metrics)))
            }) : .null
      ),
      (
        "classes",
        .array(
          zip(classes, metrics.classes).map { name, entry in
            .object([
              ("name", .string(name)), ("iou", number(entry.iou)), ("accuracy", number(entry.accuracy)),
              ("correct_pixels", .integer(Int(entry.correctPixels))),
              ("true_pixels", .integer(Int(entry.truePixels))),
              ("predicted_pixels", .integer(Int(entry.predictedPixels))),
            ])
          })
      ),
    ]).text
  }

  private static func members(_ metrics: SegmentationMetrics) -> [(String, JSONText)] {
    [
      ("pixel_accuracy", number(metrics.pixelAccuracy)), ("mean_accuracy", number(metrics.meanAccuracy)),
      ("mean_iou", number(metrics.meanIoU)),
      ("mean_iou_of_true_classes", number(metrics.meanIoUOfTrueClasses)),
      ("frequency_weighted_iou", number(metrics.frequencyWeightedIoU)),
    ]
  }

  /// The classes as comma-separated values with a line of titles; what does not exist is empty.
  var csv: String {
    var lines = ["class,iou,accuracy,correct_pixels,true_pixels,predicted_pixels"]
    for (name, entry) in zip(classes, metrics.classes) {
      let isPlain = !name.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      let quoted = isPlain ? name : "\"\(name.map { $0 == "\"" ? "\"\"" : String($0) }.joined())\""
      let ratios = [entry.iou, entry.accuracy].map { $0.map { "\($0)" } ?? "" }
      let counts = [entry.correctPixels, entry.truePixels, entry.predictedPixels].map(String.init)
      lines.append(([quoted] + ratios + counts).joined(separator: ","))
    }
    return lines.map { "\($0)\n" }.joined()
  }
}

private func number(_ value: Double?) -> JSONText { value.map(JSONText.real) ?? .null }

extension Int64 {
  fileprivate var grouped: String { Int(self).grouped }
}
