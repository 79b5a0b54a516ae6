import SANCore

/// The views of one photo that its options ask for, before the network has run.
struct ViewPlan {
  /// The photo at one size, and what the network sees of it.
  struct Sheet {
    let size: TargetSize
    let cuts: [Cut]
  }

  /// A part of a resized photo, or the whole.
  struct Cut {
    /// Whether the resized photo is mirrored before it is cut.
    let isMirrored: Bool
    /// The rows and columns that the network sees.
    let rows, columns: Range<Int>
    /// Its part in the photo's rows, and in its columns, which count from the right where it is mirrored.
    let rowShare, columnShare: WindowAxis.Share
    /// The weight of a whole mirrored or unmirrored photo of one size among all.
    let weight: Float
  }

  /// By scale, as given.
  let sheets: [Sheet]

  /// Runs of the network in all.
  var viewCount: Int { sheets.reduce(0) { $0 + $1.cuts.count } }

  /// `size` is to what the photo is resized at a scale.
  ///
  /// - Throws: ``ViewOptionsError``.
  init(photo: RGBImage, options: ViewOptions, size: (_ scale: Double) throws -> TargetSize) throws {
    let mirrorings = options.flip ? [false, true] : [false]
    let axes = try options.scales.map { scale in
      let size = try size(scale)
      guard ImageLimits.allow(width: size.width, height: size.height) else {
        throw ViewOptionsError.tooLarge(width: size.width, height: size.height)
      }
      return (
        size: size, rows: WindowAxis(extent: size.height, window: options.window),
        columns: WindowAxis(extent: size.width, window: options.window)
      )
    }
    let count = axes.reduce(0) { $0 + $1.rows.windows.count * $1.columns.windows.count } * mirrorings.count
    guard count <= ViewOptions.maximumViews else { throw ViewOptionsError.tooManyViews(count) }

    sheets = axes.map { size, rows, columns in
      let down = zip(rows.windows, rows.shares(pixels: photo.height))
      let across = Array(zip(columns.windows, columns.shares(pixels: photo.width)))
      let cuts = mirrorings.flatMap { isMirrored in
        down.flatMap { row in
          across.map { column in
            Cut(
              isMirrored: isMirrored, rows: row.0, columns: column.0, rowShare: row.1, columnShare: column.1,
              weight: 1 / Float(axes.count * mirrorings.count))
          }
        }
      }
      return Sheet(size: size, cuts: cuts)
    }
  }
}

extension EncodedImage.View {
  init(proposals: MaskProposals, resized: TargetSize, cut: ViewPlan.Cut) {
    self.proposals = proposals
    self.resized = Grid(height: resized.height, width: resized.width)
    (isMirrored, rows, columns) = (cut.isMirrored, cut.rows, cut.columns)
    (rowShare, columnShare, weight) = (cut.rowShare, cut.columnShare, cut.weight)
  }
}

extension RGBImage {
  /// What `cut` takes of this resized photo.
  func cropped(_ cut: ViewPlan.Cut) -> RGBImage {
    let (rows, columns) = (cut.rows, cut.columns)
    if !cut.isMirrored && rows.count == height && columns.count == width { return self }
    let count = rows.count * columns.count * 3
    let part = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      pixels.withUnsafeBufferPointer { pixels in
        var to = 0
        for y in rows {
          for x in columns {
            let from = (y * width + (cut.isMirrored ? width - 1 - x : x)) * 3
            for channel in 0..<3 { target[to + channel] = pixels[from + channel] }
            to += 3
          }
        }
      }
      filled = count
    }
    return RGBImage(width: columns.count, height: rows.count, checked: part)
  }
}
