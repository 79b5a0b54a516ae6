import SANCore
import SANInference

/// Writes all files of one result. They appear together, after everything has been made; on an error there is no new
/// one.
struct SegmentationOutputs {
  let plan: OutputPlan
  let report: SegmentationReport

  func write(_ watch: Stopwatch) throws {
    var watch = watch
    let labels = report.result.labels
    let classes = report.vocabulary.classes
    Console.show("writing")
    var files: [AtomicFile] = []
    try watch.time("render") {
      let picture = try Overlay.render(report.photo, labels: labels, classes: classes)
      files.append(try stage(PNGWriter.encode(picture), plan.overlay))
      if let file = plan.labels {
        files.append(try stage(LabelRendering.labelMap(labels, classCount: classes.count), file))
      }
    }
    let scores = try stageScores()
    let masks = try plan.maskFolder.map { try MaskFolder($0, labels: labels, result: report.result) }
    do {
      let json = plan.json != nil || plan.printsJSON ? report.json(watch) : ""
      if let file = plan.json { files.append(try stage(Array(json.utf8), file)) }
      try Interruption.check()
      try Console.write(plan.printsJSON ? json : report.table)
      for file in files { try file.commit() }
      try scores?.commit()
    } catch {
      masks?.remove()
      throw error
    }

    if report.result.classes.allSatisfy({ $0.pixels == 0 }) {
      Console.note(
        "no pixel is of a class named: all are more like something else (see --background, --threshold)")
    }
    for file in [plan.overlay, plan.labels, plan.json, plan.scores].compactMap({ $0 }) {
      Console.note("wrote \(file.path)")
    }
    if let masks { Console.note("wrote \(masks.count) masks in \(masks.folder)") }
  }

  /// A file that is complete but for its name.
  private func stage(_ bytes: [UInt8], _ output: OutputFile) throws -> AtomicFile {
    let file = try AtomicFile(output.path)
    try bytes.withUnsafeBytes { try file.write($0) }
    return file
  }

  /// `[K, height, width]`
  private func stageScores() throws -> NPYWriter<Float>? {
    guard let file = plan.scores, let scores = report.result.scores else { return nil }
    let writer = try NPYWriter<Float>(file.path, shape: scores.shape)
    try scores.withUnsafeBufferPointer { try writer.write($0, at: 0) }
    return writer
  }
}
