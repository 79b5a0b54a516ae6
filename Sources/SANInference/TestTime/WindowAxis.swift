import SANCore

/// One axis of a resized photo, cut into windows that overlap, and their shares of the photo's pixels.
///
/// Windows are as few as the overlap allows, the first at the start, the last at the end, the others spread evenly
/// between. A window's weight falls from 1 to 0 over what it shares with a neighbour, in a straight line, and stays 1
/// towards the photo's own border; at every pixel the weights of all windows are then divided by their sum.
package struct WindowAxis: Sendable, Hashable {
  /// Pixels of the resized photo.
  package let extent: Int
  /// The pixels of each window, from the first to the last.
  package let windows: [Range<Int>]

  /// Cuts `extent` pixels up; the whole is one window where it fits.
  package init(extent: Int, window: ViewOptions.Window?) {
    self.extent = extent
    guard let window, window.side < extent else {
      windows = [0..<extent]
      return
    }
    let step = max(1, Int(Double(window.side) * (1 - window.overlap)))
    let last = extent - window.side
    let steps = (last + step - 1) / step
    windows = (0...steps).map { index in
      let start = index * last / steps
      return start..<start + window.side
    }
  }

  /// A window's part in the photo's pixels.
  package struct Share: Sendable, Hashable {
    /// The photo's pixels whose centres lie in the window.
    package let pixels: Range<Int>
    /// The window's weight at each of them.
    package let weights: [Float]
  }

  /// Each window's share of a photo of `pixels` pixels.
  package func shares(pixels: Int) -> [Share] {
    var first = [Int](repeating: 0, count: windows.count)
    var weights = [[Float]](repeating: [], count: windows.count)
    for pixel in 0..<pixels {
      // Where the pixel's centre lies in the resized photo, in pixels from its border.
      let center = (Double(pixel) + 0.5) * Double(extent) / Double(pixels)
      let near = windows.indices.filter { index in
        Double(windows[index].lowerBound) <= center && center < Double(windows[index].upperBound)
      }
      let heights = near.map { height(of: $0, at: center) }
      let sum = heights.reduce(0, +)
      for (index, height) in zip(near, heights) {
        if weights[index].isEmpty { first[index] = pixel }
        weights[index].append(Float(height / sum))
      }
    }
    return zip(first, weights).map { Share(pixels: $0..<$0 + $1.count, weights: $1) }
  }

  /// The weight of window `index` at `center`, which lies in it, before the division.
  private func height(of index: Int, at center: Double) -> Double {
    let own = windows[index]
    var height = 1.0
    if index > 0 {
      let shared = windows[index - 1].upperBound - own.lowerBound
      if shared > 0 { height = min(height, (center - Double(own.lowerBound)) / Double(shared)) }
    }
    if index + 1 < windows.count {
      let shared = own.upperBound - windows[index + 1].lowerBound
      if shared > 0 { height = min(height, (Double(own.upperBound) - center) / Double(shared)) }
    }
    return height
  }
}
