// One photo, several vocabularies: many-questions PHOTO CLASS,CLASS,... CLASS,CLASS,... ...
import Foundation
import SANInference

@main
struct ManyQuestions {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count >= 2 else {
      FileHandle.standardError.write(Data("usage: many-questions PHOTO CLASS,CLASS,... ...\n".utf8))
      exit(64)
    }

    // Embeddings of class names are kept for later runs.
    let segmenter = try Segmenter(textCache: TextCache(folder: TextCache.userFolder))

    // The network runs once. What it found does not depend on any vocabulary.
    let encoded = try segmenter.encode(RGBImage(contentsOf: arguments[1]))

    for question in arguments[2...] {
      let classes = question.split(separator: ",").map(String.init)
      let vocabulary = try segmenter.vocabulary(classes, background: .none)
      let result = try segmenter.segment(encoded, vocabulary: vocabulary)
      let shares = result.classes.map { "\($0.name) \(String(format: "%.1f", 100 * $0.coverage)) %" }
      print(shares.joined(separator: ", "))
    }
  }
}
