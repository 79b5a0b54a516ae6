import SANExport
import SANInference

/// What all images of a run have in common.
struct SegmentationJob: Sendable {
  let segmenter: Segmenter
  let vocabulary: Vocabulary
  let background: Background
  let threshold: Float?
  let shortSide: Int?
  let resampling: ResamplingFilter
  let views: ViewOptions

  /// Runs the network on a photo.
  ///
  /// - Parameters:
  ///   - image: the path that reports call it by.
  ///   - scores: takes all scores.
  ///   - watch: takes the stages' times.
  func run(
    _ photo: RGBImage, image: String, scores: ScoresFile?, watch: inout Stopwatch
  ) throws -> SegmentationReport {
    let result = try segmenter.segment(
      photo, vocabulary: vocabulary, shortSide: shortSide, resampling: resampling, views: views,
      threshold: threshold, scoresFile: scores, control: Interruption.control)
    watch.add(result.timings)
    return SegmentationReport(
      image: image, photo: photo, segmenter: segmenter, background: background, vocabulary: vocabulary,
      threshold: threshold, result: result)
  }
}
