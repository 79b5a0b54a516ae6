import SANCore
import SANExport
import SANInference

/// Makes all files of one result. They appear together, after everything has been made; on an error there is no new one.
struct SegmentationOutputs {
  let plan: OutputPlan
  let photo: RGBImage
  let report: SegmentationReport
  /// The scores' file, complete but for its name.
  let scores: ScoresFile?
  /// Whether to wait until the disk has them.
  var isDurable = true

  /// Writes everything.
  ///
  /// - Parameters:
  ///   - watch: measures the rendering.
  ///   - print: called before the files appear, with what goes to standard output, if anything does.
  /// - Returns: the masks, if there are any.
  @discardableResult
  func write(_ watch: inout Stopwatch, print: ([UInt8]?) throws -> Void = { _ in }) throws -> MaskFolder? {
    let labels = report.result.labels
    let classes = report.vocabulary.classes
    Console.show("writing")
    var staged = StagedFiles()
    try watch.time("render") {
      if let file = plan.overlay {
        let picture = try Overlay.render(photo, labels: labels, classes: classes, options: plan.look)
        try staged.add((PictureWriter(path: file.path) ?? .png).encode(picture, name: file.path), file)
      }
      if let file = plan.cutout {
        let kept = plan.cutoutNames.compactMap { name in classes.firstIndex { $0.isSameClass(as: name) } }
        let labelsKept = Set(kept.map(UInt16.init))
        if let color = plan.cutoutBackground {
          let picture = try Cutout.render(photo, labels: labels, keeping: labelsKept, over: color)
          try staged.add((PictureWriter(path: file.path) ?? .png).encode(picture, name: file.path), file)
        } else {
          let pixels = try Cutout.render(photo, labels: labels, keeping: labelsKept)
          try staged.add(PNGWriter.encode(rgba: pixels, width: photo.width, height: photo.height), file)
        }
      }
      if let file = plan.labels {
        try staged.add(
          LabelRendering.labelMap(labels, classCount: classes.count, kind: plan.labelsKind), file)
      }
      if plan.yolo != nil || plan.labelme != nil {
        let polygons = try RegionPolygons.all(in: labels, classCount: classes.count, editing: plan.editing)
        if let file = plan.yolo {
          try staged.add(Array(YOLOLabels.text(polygons, size: labels.size).utf8), file)
        }
        if let file = plan.labelme {
          try file.makeFolder()
          let path =
            plan.image == "-" ? "stdin" : Path.way(from: Path.folder(of: file.path), to: plan.image)
          let text = LabelmeFile.json(polygons, classes: classes, imagePath: path, size: labels.size)
          try staged.add(Array(text.utf8), file)
        }
      }
    }
    let masks = try plan.maskFolder.map { try MaskFolder($0, labels: labels, result: report.result) }
    do {
      if let file = plan.json {
        try staged.add(Array(report.json(steps: watch.steps, total: watch.total).utf8), file)
      }
      try Interruption.check()
      try print(staged.printed)
      try staged.commit(durable: isDurable)
      try scores?.commit()
    } catch {
      masks?.remove()
      throw error
    }
    masks?.removeOld()
    return masks
  }
}

/// Files that are complete but for their names, and what waits for standard output.
struct StagedFiles {
  private var files: [AtomicFile] = []
  /// Bytes for standard output.
  private(set) var printed: [UInt8]?

  /// Takes a whole file.
  mutating func add(_ bytes: [UInt8], _ output: OutputFile) throws {
    guard !output.isStandardOutput else { return printed = bytes }
    try output.makeFolder()
    let file = try AtomicFile(output.path)
    try bytes.withUnsafeBytes { try file.write($0) }
    files.append(file)
  }

  /// Gives all files their names.
  func commit(durable: Bool) throws {
    for file in files { try file.commit(durable: durable) }
  }
}
