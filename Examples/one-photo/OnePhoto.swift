// A photo with its classes laid over it: one-photo PHOTO OVERLAY.png CLASS...
import Foundation
import SANExport
import SANInference

@main
struct OnePhoto {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count >= 3 else {
      FileHandle.standardError.write(Data("usage: one-photo PHOTO OVERLAY.png CLASS...\n".utf8))
      exit(64)
    }
    let (photoPath, overlayPath, classes) = (arguments[1], arguments[2], Array(arguments[3...]))

    // The small model that comes with the package; Segmenter(model: .path("san_vit_b_16.pth")) loads a released one.
    let segmenter = try Segmenter()
    let vocabulary = try segmenter.vocabulary(classes, background: .none)
    let photo = try RGBImage(contentsOf: photoPath)
    let result = try segmenter.segment(photo, vocabulary: vocabulary)

    for found in result.classes where found.pixels > 0 {
      print("\(found.name): \(String(format: "%.1f", 100 * found.coverage)) %")
    }
    let overlay = try Overlay.render(photo, labels: result.labels, classes: classes)
    try Data(PNGWriter.encode(overlay)).write(to: URL(fileURLWithPath: overlayPath), options: .atomic)
  }
}
