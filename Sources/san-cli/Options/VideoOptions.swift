import ArgumentParser

/// What is said of a video alone.
struct VideoOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Of a video, segment every N-th frame only, from the first: those between show the labels of the last. (default: 1)",
      valueName: "n"),
    transform: NumberInRange.parser(1...1_000_000))
  var every: Int?

  /// Called where there is no video.
  func requireVideo() throws {
    if every != nil { throw UsageError("--every", "is for a video, and none is named") }
  }
}

extension SegmentOptions {
  /// Checks that nothing is asked for that a video has not.
  func requireForVideo() throws {
    let photos = "is for photos, not for a video"
    let polygons = "is for photos; --coco-masks polygons has those of a video's frames"
    let tree = "is for several photos, not for a video"
    let refused: [(option: String, isGiven: Bool, problem: String)] = [
      ("--cutout", output.cutout != nil, photos), ("--json", output.json != nil, photos),
      ("--mask-dir", output.maskDir != nil, photos), ("--scores", output.scores != nil, photos),
      ("--scores-format", output.scoresFormat != .npy, photos),
      ("--picture-format", output.pictureFormat != .png, photos),
      (
        "--labels-as", output.labelsAs != .palette,
        "is for photos; the label maps of a video's frames are grey, 16 bits"
      ),
      ("--yolo", output.annotations.yolo != nil, polygons),
      ("--labelme", output.annotations.labelme != nil, polygons), ("--report", batch.report != nil, tree),
      ("--skip-existing", batch.skipExisting, tree), ("--shard", batch.shard != nil, tree),
    ]
    for (option, isGiven, problem) in refused where isGiven { throw UsageError(option, problem) }
  }
}
