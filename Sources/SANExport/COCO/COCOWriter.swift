import SANCore

/// Writes a COCO data set image by image, whole or not at all: `info`, `licenses`, `categories`, `annotations` and `images`,
/// as pycocotools and the tools around it read them. Of licenses and supercategories nothing is known, but some of these
/// tools want them to be there: the list is empty, and so is each category's text.
///
/// A category's id is its label plus 1, since tools take 0 for the background; images are numbered from 1 as they come. An
/// annotation is a class in an image: `segmentation`, `area`, `bbox` (`[x, y, width, height]`), `iscrowd` (0) and `score`.
/// Its id follows from the image's and the category's, `(image_id - 1) × categories + category_id`, so that parts of a data
/// set that number their images as the whole does can be joined. Memory is taken for the images' names and sizes alone.
public final class COCOWriter {
  private let file: AtomicFile
  private let classCount: Int
  private var images: [UInt8] = []
  private var lastID = 0
  private var hasAnnotations = false
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
    append(
      "{\n\"info\": {\"description\": \(jsonString(description))},\n\"licenses\": [],\n\"categories\": [")
    for (index, name) in classes.enumerated() {
      let members = "\"id\": \(index + 1), \"name\": \(jsonString(name)), \"supercategory\": \"\""
      append("\(index == 0 ? "\n" : ",\n"){\(members)}")
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
  ///   - annotations: what is in it, in the order written; one of each class at most.
  /// - Throws: `OutputFileError` where the disk does not take them.
  public func add(
    fileName: String, size: Grid, annotations: [COCOAnnotation]
  ) throws(OutputFileError) {
    try add(id: lastID + 1, fileName: fileName, size: size, annotations: annotations.map(COCOText.init))
  }

  /// Adds an image under a number of its own, higher than those before: its place in a data set that is written in parts.
  ///
  /// - Parameter frame: the image's number among a video's frames, from 0.
  package func add(
    id: Int, fileName: String, size: Grid, frame: Int? = nil, annotations: [COCOText]
  ) throws(OutputFileError) {
    images += (images.isEmpty ? "\n" : ",\n").utf8
    images += "{\"id\": \(id), \"file_name\": \(jsonString(fileName)), ".utf8
    images += "\"width\": \(size.width), \"height\": \(size.height)".utf8
    images += (frame.map { ", \"frame_number\": \($0)}" } ?? "}").utf8
    lastID = id
    for annotation in annotations {
      precondition(annotation.label < classCount, "a label of one of the classes")
      let number = (id - 1) * classCount + annotation.label + 1
      append(hasAnnotations ? ",\n" : "\n")
      append("{\"id\": \(number), \"image_id\": \(id), \(annotation.members)}")
      hasAnnotations = true
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

  private func flush() throws(OutputFileError) {
    let bytes = buffer
    buffer.removeAll()
    try bytes.withUnsafeBufferPointer { (bytes) throws(OutputFileError) in
      try file.write(UnsafeRawBufferPointer(bytes))
    }
  }
}
