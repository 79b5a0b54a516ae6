import SANCore

/// Writes a COCO data set image by image, whole or not at all: `info`, `categories`, `annotations` and `images`, as
/// pycocotools and the tools around it read them.
///
/// A category's id is its label plus 1, since tools take 0 for the background; images and annotations are numbered from 1
/// as they come. An annotation is a class in an image: `segmentation`, `area`, `bbox` (`[x, y, width, height]`),
/// `iscrowd` (0) and `score`. Memory is taken for the images' names and sizes alone.
public final class COCOWriter {
  private let file: AtomicFile
  private let classCount: Int
  private var images: [UInt8] = []
  private var imageCount = 0
  private var annotationCount = 0
  private var buffer: [UInt8] = []

  /// Opens the file.
  ///
  /// - Parameters:
  ///   - path: the destination.
  ///   - classes: the classes' names, by label.
  ///   - description: what `info` says of the data set.
  /// - Throws: `OutputFileError`.
  public init(_ path: String, classes: [String], description: String) throws(OutputFileError) {
    file = try AtomicFile(path)
    classCount = classes.count
    append("{\n\"info\": {\"description\": \(jsonString(description))},\n\"categories\": [")
    for (index, name) in classes.enumerated() {
      append("\(index == 0 ? "\n" : ",\n"){\"id\": \(index + 1), \"name\": \(jsonString(name))}")
    }
    append("\n],\n\"annotations\": [")
    try flush()
  }

  /// Adds an image with its annotations, which may be none.
  ///
  /// Precondition: each annotation's label has a name.
  ///
  /// - Parameters:
  ///   - fileName: the image's `file_name`: usually its path within the data set's folder.
  ///   - size: its size in pixels.
  ///   - annotations: what is in it, in the order written.
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func add(
    fileName: String, size: Grid, annotations: [COCOAnnotation]
  ) throws(OutputFileError) {
    imageCount += 1
    images += (imageCount == 1 ? "\n" : ",\n").utf8
    images += "{\"id\": \(imageCount), \"file_name\": \(jsonString(fileName)), ".utf8
    images += "\"width\": \(size.width), \"height\": \(size.height)}".utf8
    for annotation in annotations {
      precondition(Int(annotation.label) < classCount, "a label of one of the classes")
      annotationCount += 1
      append(
        "\(annotationCount == 1 ? "\n" : ",\n"){\"id\": \(annotationCount), \"image_id\": \(imageCount), ")
      append("\"category_id\": \(Int(annotation.label) + 1), \"segmentation\": ")
      switch annotation.segmentation {
      case .runLengths(let mask):
        append("{\"size\": [\(mask.size.height), \(mask.size.width)], ")
        append("\"counts\": \(jsonString(mask.compressed))}")
      case .polygons(let polygons): append(polygons)
      }
      let box = annotation.box
      append(", \"area\": \(annotation.area), \"bbox\": [\(box.x), \(box.y), \(box.width), \(box.height)]")
      append(", \"iscrowd\": 0")
      if let score = annotation.score { append(", \"score\": \(score)") }
      append("}")
      try flush()
    }
  }

  /// Makes the file appear at its destination. Call once, last.
  ///
  /// - Throws: `OutputFileError`; there is no file then.
  public func commit() throws(OutputFileError) {
    append("\n],\n\"images\": [")
    buffer += images
    append("\n]\n}\n")
    try flush()
    try file.commit()
  }

  private func append(_ text: String) { buffer += text.utf8 }

  private func append(_ polygons: [[Int]]) {
    append("[")
    for (index, polygon) in polygons.enumerated() {
      append(index == 0 ? "[" : ", [")
      for (index, value) in polygon.enumerated() {
        if index > 0 { buffer.append(UInt8(ascii: ",")) }
        append(String(value))
      }
      append("]")
    }
    append("]")
  }

  private func flush() throws(OutputFileError) {
    let bytes = buffer
    buffer.removeAll()
    try bytes.withUnsafeBufferPointer { (bytes) throws(OutputFileError) in
      try file.write(UnsafeRawBufferPointer(bytes))
    }
  }
}
