import SANCore
import SANExport
import SANInference

extension RunSetup {
  private var yoloNames: OutputFile? {
    options.output.annotations.yolo.map {
      OutputFile(option: "--yolo", path: Path.join($0, "data.yaml"), makesFolder: true)
    }
  }

  private var yoloText: [UInt8] { Array(YOLOLabels.dataYAML(classes: classes.map(\.title)).utf8) }

  /// Checks that the file that names the classes of YOLO's labels is not there with other classes: labels of both would lie
  /// beside it.
  func checkYOLONames() throws {
    guard let file = yoloNames, !options.batch.overwrite, FileStatus(file.path) != nil else { return }
    let found = try OptionError.naming("--yolo") { try MappedFile.contents(of: file.path, limit: 64 << 20) }
    if found != yoloText {
      throw UsageError(
        "--yolo",
        "\(file.path) is there and is not what this run would write, such as with other classes; name another "
          + "folder, or give --overwrite")
    }
  }

  /// Writes that file.
  func writeYOLONames() throws {
    guard let file = yoloNames else { return }
    try file.makeFolder()
    try AtomicFile.write(yoloText, to: file.path)
  }
}
