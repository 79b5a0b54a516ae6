import Foundation
import SANCore
import SANInference
import XCTest

/// Options that cost several runs of the network for one photo.
final class TestTimeTests: XCTestCase {
  private func scores(_ views: ViewOptions, shortSide: Int? = nil) throws -> [Float] {
    let segmenter = try Segmenter(model: .path(ToyFiles.model.path))
    let vocabulary = try segmenter.vocabulary(["cat", "dog"], background: .none, templates: .plain)
    let result = try segmenter.segment(
      ToyFiles.photo(width: 71, height: 43), vocabulary: vocabulary, shortSide: shortSide, views: views,
      scores: true)
    return try XCTUnwrap(result.scores).values
  }

  func testScoresAreTheLibrarys() throws {
    let runs = try Segmenting()
    try runs.folder.write(ToyFiles.png(width: 71, height: 43), to: "photo.png")
    let cases: [(arguments: [String], views: ViewOptions, shortSide: Int?)] = [
      (["--scales", "0.5, 1,1.5"], try ViewOptions(scales: [0.5, 1, 1.5]), nil),
      (["--flip"], try ViewOptions(flip: true), nil),
      (["--size", "200", "--window", "96"], try ViewOptions(window: 96, overlap: 0.25), 200),
      (
        ["--scales", "1.5", "--flip", "--window", "64", "--overlap", "0.5"],
        try ViewOptions(scales: [1.5], flip: true, window: 64, overlap: 0.5), nil
      ),
      (["--scales", "1", "--window", "4096"], .one, nil),
    ]
    for (arguments, views, shortSide) in cases {
      let outcome = try runs.run(["photo.png", "--scores", "scores.npy"] + arguments)
      XCTAssertEqual(outcome.status, 0, outcome.errors)
      let written = try XCTUnwrap(FloatArray(npy: runs.folder.bytes("scores.npy")))
      XCTAssertEqual(written.shape, [2, 43, 71])
      XCTAssertEqual(written.values, try scores(views, shortSide: shortSide), "\(arguments)")
    }
  }

  func testWrongValues() throws {
    let runs = try Segmenting()
    try runs.folder.write(ToyFiles.png(width: 71, height: 43), to: "photo.png")
    let cases: [(arguments: [String], says: [String])] = [
      (["--scales", ""], ["--scales", "0", "1 to 16"]),
      (["--scales", "1,two"], ["--scales", "two", "0.1 to 4.0"]),
      (["--scales", "1,,2"], ["--scales", "\"\"", "0.1 to 4.0"]),
      (["--scales", "0.01"], ["--scales", "0.01", "0.1 to 4.0"]),
      (["--scales", "nan"], ["--scales", "nan", "0.1 to 4.0"]),
      (["--scales", "1,0.5,1.0"], ["--scales", "1.0", "twice"]),
      (["--scales", "0.2"], ["--scales", "26", "32 to 4096"]),
      (["--scales", "1,2", "--size", "2049"], ["--scales", "4098", "32 to 4096"]),
      (["--window", "63"], ["--window", "63", "64 to 4096"]),
      (["--window", "half"], ["--window", "half"]),
      (["--window", "64", "--overlap", "0.8"], ["--overlap", "0.8", "0.0 to 0.75"]),
      (["--overlap", "0.5"], ["--overlap", "--window"]),
      (["--size", "4096", "--window", "64"], ["--window", "windows", "1024"]),
    ]
    for (arguments, says) in cases {
      let outcome = try runs.run(["photo.png"] + arguments)
      XCTAssertEqual(outcome.status, 64, "\(arguments): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", "\(arguments)")
      XCTAssertEqual(outcome.errorLines.count, 1, "\(arguments): \(outcome.errors)")
      for text in says { XCTAssert(outcome.errors.contains(text), "\(arguments): \(outcome.errors)") }
    }
    XCTAssertEqual(try runs.files(""), ["photo.png"])
  }
}
