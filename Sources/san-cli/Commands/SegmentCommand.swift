import ArgumentParser
import SANCore
import SANInference

/// `san-cli segment`: photos, a list of classes, and the outputs asked for.
struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Segments photos into the classes named.",
    usage: """
      san-cli segment <image> --classes "cat,dog" [<options>]
      san-cli segment <folder> --classes "cat,dog" --output <folder> [<options>]
      """,
    discussion: """
      Of one photo, writes the photo with the classes laid over it and a legend, and prints each class's share of the \
      picture and its mean score there. A score is no probability and can exceed 1. Files that exist are replaced; \
      each file is written whole or not at all.

      Of several photos (more than one, a folder, a pattern or a list), each output option names a folder. The \
      folders below what all inputs have in common are kept; photo.jpg and photo.png beside each other become \
      photo.jpg.segmented.png and photo.png.segmented.png. Left out of folders are hidden files, the folders that this \
      or an earlier run writes to, and X.segmented.png and X.cutout.png beside a photo X. A folder below that cannot be \
      read is reported, and makes the exit status 65. Only outputs of earlier runs are \
      replaced, unless --overwrite is given. Standard output has a line for each class found in each photo, with tabs \
      between image, class, label, pixels, share (0 to 1) and score. A photo that fails is reported, and the others go \
      on; the exit status is then 65. A full disk or a folder that cannot be written to stops the run, as Ctrl-C does; what is finished \
      by then is complete, and --skip-existing goes on from there.

      Of a video, which ffmpeg reads and writes where it is installed, each frame is segmented by itself, and the overlays \
      become a video with the sound of the first: CLIP.segmented.mp4 beside it, or --output FILE, in .mp4, .m4v, .mov or \
      .mkv. Its legend lists all classes. --labels names a folder for a label map of each frame, CLIP-000000.png and so on, 16 \
      bits grey with "other" as 65535, and --coco has each frame with its frame_number. Standard output has a line for each \
      class found in each frame. A clip with uneven frame rate is read and written at its mean. No file that exists is \
      replaced unless --overwrite is given.
      """)

  @OptionGroup
  var options: SegmentOptions

  func run() throws {
    if options.output.quiet { Console.silence() }
    try options.requireComplete()
    let strays = CalledCommand.namesBehindClasses(CommandLine.arguments)
    if let stray = strays.first(where: { options.input.images.contains($0) }) {
      throw UsageError(
        "--classes",
        "\"\(stray)\" after it is taken for a photo, and there is no such file; \(CalledCommand.commas(strays))"
      )
    }
    if let clip = try clip() {
      try options.requireForVideo()
      return try VideoRun(setup: RunSetup(options), clip: clip).run()
    }
    let setup = try RunSetup(options)
    if let image = options.input.inputs.single, !options.batch.areGiven {
      var leftOut = LeftOut(excluding: options.input.exclude)
      if leftOut.isExcluded(image) {
        throw NoImagesError(place: "--exclude", problem: "leaves out every photo", leftOut: leftOut)
      }
      try SingleRun(setup: setup, image: image).run()
    } else {
      try requirePhotos()
      try BatchRun(setup: setup).run()
    }
  }

  /// The clip that is to be segmented; nil where there is none.
  private func clip() throws -> String? {
    guard let image = options.input.inputs.single, try VideoFile.isVideo(image) else {
      try options.video.requireVideo()
      return nil
    }
    return image
  }

  /// Checks that no video is named beside other inputs.
  private func requirePhotos() throws {
    for path in options.input.images where (try? VideoFile.isVideo(path)) == true {
      throw UsageError("<image>", "\(path) is a video, which is segmented by itself: name it alone")
    }
  }
}
