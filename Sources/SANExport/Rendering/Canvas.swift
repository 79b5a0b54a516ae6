import SANInference

/// A picture being drawn.
package struct Canvas {
  package let width: Int
  package let height: Int
  /// `[height, width, 3]`
  package var pixels: [UInt8]

  package init(width: Int, height: Int, color: RGBColor) {
    (self.width, self.height) = (width, height)
    pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
      count = width * height * 3
      for first in stride(from: 0, to: count, by: 3) {
        (pixels[first], pixels[first + 1], pixels[first + 2]) = (color.red, color.green, color.blue)
      }
    }
  }

  /// Draws `image`, which is no larger than the canvas, at its top left.
  mutating func draw(_ image: RGBImage) {
    let stride = image.width * 3
    for row in 0..<image.height {
      let first = row * width * 3
      pixels.replaceSubrange(first..<first + stride, with: image.pixels[row * stride..<(row + 1) * stride])
    }
  }

  /// Fills the part of a rectangle that lies on the canvas.
  mutating func fill(x: Int, y: Int, width: Int, height: Int, color: RGBColor) {
    let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
    for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
      for column in columns { set(column, row, color) }
    }
  }

  /// Lays `color` over a pixel of the canvas, `coverage` of 255 of it. Pixels outside are left out.
  mutating func blend(x: Int, y: Int, color: RGBColor, coverage: UInt8) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    let first = (y * width + x) * 3
    let (new, old) = (Int(coverage), 255 - Int(coverage))
    pixels[first] = UInt8((Int(pixels[first]) * old + Int(color.red) * new + 127) / 255)
    pixels[first + 1] = UInt8((Int(pixels[first + 1]) * old + Int(color.green) * new + 127) / 255)
    pixels[first + 2] = UInt8((Int(pixels[first + 2]) * old + Int(color.blue) * new + 127) / 255)
  }

  private mutating func set(_ x: Int, _ y: Int, _ color: RGBColor) {
    let first = (y * width + x) * 3
    (pixels[first], pixels[first + 1], pixels[first + 2]) = (color.red, color.green, color.blue)
  }
}
