import SANCore
import SANInference

extension Overlay {
  /// Pixels across a contour on each side of an edge, by the photo's shorter side: large photos are looked at from
  /// farther away.
  static func contourWidth(_ size: Grid) -> Int {
    let side = min(size.height, size.width)
    return side < 400 ? 1 : side < 1200 ? 2 : side < 2000 ? 3 : min(side / 500, 12)
  }

  /// Gives a class's full colour to its pixels that lie next to another label, and with wider contours to
  /// those of its pixels that lie within a disc around these. The photo's own edge is no contour, and what is
  /// other has none.
  ///
  /// The photo is drawn from column `left` of the canvas on.
  static func drawContours(of labels: LabelMap, colors: [RGBColor], left: Int, into canvas: inout Canvas) {
    let (height, width, stride) = (labels.size.height, labels.size.width, canvas.width)
    let radius = contourWidth(labels.size) - 1
    let disc = (-radius...radius).flatMap { y in
      (-radius...radius).filter { x in x * x + y * y <= radius * radius }.map { x in (x: x, y: y) }
    }
    canvas.pixels.withUnsafeMutableBufferPointer { target in
      labels.labels.withUnsafeBufferPointer { labels in
        for row in 0..<height {
          for column in 0..<width {
            let index = row * width + column
            let label = labels[index]
            let isEdge =
              column > 0 && labels[index - 1] != label || column + 1 < width && labels[index + 1] != label
              || row > 0 && labels[index - width] != label
              || row + 1 < height && labels[index + width] != label
            guard isEdge, label != LabelMap.other else { continue }
            let color = colors[Int(label)]
            for offset in disc {
              let (x, y) = (column + offset.x, row + offset.y)
              guard x >= 0, x < width, y >= 0, y < height, labels[y * width + x] == label else { continue }
              let first = (y * stride + left + x) * 3
              (target[first], target[first + 1], target[first + 2]) = (color.red, color.green, color.blue)
            }
          }
        }
      }
    }
  }
}
