/// From 8-bit RGB to the network's input.
public enum ImageNormalization {
  /// CLIP's channel means, of values in 0…255.
  public static let mean: [Float] = [0.48145466 * 255, 0.4578275 * 255, 0.40821073 * 255]
  /// CLIP's channel standard deviations, of values in 0…255.
  public static let standardDeviation: [Float] = [0.26862954 * 255, 0.26130258 * 255, 0.27577711 * 255]

  /// The size to which an image is padded: the next multiples of 32.
  public static func paddedSize(of size: Grid) -> Grid {
    let divisor = SANConfiguration.sizeDivisor
    return Grid(
      height: (size.height + divisor - 1) / divisor * divisor,
      width: (size.width + divisor - 1) / divisor * divisor)
  }

  /// Normalises interleaved 8-bit RGB, channels first, and pads it with zeros on the right and at the bottom.
  ///
  /// `pixels` holds `size.count · 3` bytes. The result is from the workspace's present scope.
  public static func normalize(
    _ pixels: UnsafePointer<UInt8>, size: Grid, workspace: Workspace
  ) -> PlanarImage {
    let padded = paddedSize(of: size)
    let planes = workspace.matrix(3, padded.count)
    nonisolated(unsafe) let pixels = pixels  // only read
    workspace.pool.run(3) { channel, _ in
      let (mean, deviation) = (mean[channel], standardDeviation[channel])
      for y in 0..<padded.height {
        let target = planes.row(channel) + y * padded.width
        guard y < size.height else {
          target.update(repeating: 0, count: padded.width)
          continue
        }
        let source = pixels + y * size.width * 3 + channel
        for x in 0..<size.width { target[x] = (Float(source[3 * x]) - mean) / deviation }
        (target + size.width).update(repeating: 0, count: padded.width - size.width)
      }
    }
    return PlanarImage(planes: planes, size: padded)
  }
}
