/// From 8-bit RGB to the network's input.
public enum ImageNormalization {
  /// The size to which an image is padded: the next multiples of 32.
  public static func paddedSize(of size: Grid) -> Grid {
    let divisor = SANConfiguration.sizeDivisor
    return Grid(
      height: (size.height + divisor - 1) / divisor * divisor,
      width: (size.width + divisor - 1) / divisor * divisor)
  }

  /// Normalises interleaved 8-bit RGB, channels first, and pads it with zeros on the right and at the bottom.
  ///
  /// `pixels` holds `size.count · 3` bytes; `input` has the means and deviations. The result is from the workspace's present
  /// scope.
  public static func normalize(
    _ pixels: UnsafePointer<UInt8>, size: Grid, input: SANConfiguration.Input, workspace: Workspace
  ) -> PlanarImage {
    let padded = paddedSize(of: size)
    let planes = workspace.matrix(3, padded.count)
    nonisolated(unsafe) let pixels = pixels  // only read
    workspace.pool.run(3) { channel, _ in
      let (mean, deviation) = (Float(input.mean[channel]), Float(input.deviation[channel]))
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
