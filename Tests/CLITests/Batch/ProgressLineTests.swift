import XCTest
import san_cli

/// How far a run is, in words: on a terminal and in a log.
final class ProgressLineTests: XCTestCase {
  private func line(
    done: Int, ended: Int, failed: Int = 0, seconds: Double, of count: Int = 200, more: String? = nil
  ) -> ProgressLine {
    ProgressLine(
      noun: "image", count: count, done: done, ended: ended, failed: failed, seconds: seconds, more: more)
  }

  func testRateAndTimeLeft() {
    XCTAssertEqual(
      line(done: 50, ended: 50, seconds: 20).text, "50 of 200 images, 2.5 images/s, 1:00 min left")
    XCTAssertEqual(
      line(done: 10, ended: 10, seconds: 40).text, "10 of 200 images, 4.0 s/image, 12:40 min left")
    XCTAssertEqual(
      line(done: 1, ended: 1, seconds: 60).text, "1 of 200 images, 60.0 s/image, 3:19 h left")
    XCTAssertEqual(
      line(done: 199, ended: 199, seconds: 19.9).text, "199 of 200 images, 10.0 images/s, 1 s left")
    // What was skipped or has failed took no time.
    XCTAssertEqual(
      line(done: 10, ended: 150, failed: 3, seconds: 10).text,
      "150 of 200 images, 1.0 images/s, 50 s left, 3 failed")
    XCTAssertEqual(line(done: 0, ended: 7, failed: 7, seconds: 9).text, "7 of 200 images, 7 failed")
    XCTAssertEqual(line(done: 0, ended: 7, seconds: 0).text, "7 of 200 images")
    XCTAssertEqual(
      line(done: 2, ended: 2, seconds: 1, of: 4, more: "mIoU 12.30 %").text,
      "2 of 4 images, 2.0 images/s, 1 s left, mIoU 12.30 %")
  }

  func testBar() {
    let half = line(done: 100, ended: 100, seconds: 50)
    let text = " 100/200, 2.0 images/s, 50 s left"
    func bar(_ filled: Int, _ empty: Int) -> String {
      "[\(String(repeating: "#", count: filled))\(String(repeating: ".", count: empty))]\(text)"
    }
    // No longer than 40, and always a column less than the terminal has, which would begin a new line.
    XCTAssertEqual(half.bar(width: 200), bar(20, 20))
    XCTAssertEqual(half.bar(width: 60), bar(12, 12))
    XCTAssertEqual(half.bar(width: 41), bar(2, 3))
    // Too narrow for a bar, and for the words.
    XCTAssertEqual(half.bar(width: 40), String(text.dropFirst()))
    XCTAssertEqual(half.bar(width: 12), "100/200, 2.")
    XCTAssertEqual(half.bar(width: 1), "")
    XCTAssertEqual(half.bar(width: 0), "")
    for width in 0..<120 { XCTAssertLessThan(half.bar(width: width).count, max(width, 1)) }
  }

  func testBarAtItsEnds() {
    let empty = line(done: 0, ended: 0, seconds: 0).bar(width: 80)
    XCTAssertEqual(empty, "[\(String(repeating: ".", count: 40))] 0/200")
    let full = line(done: 200, ended: 200, seconds: 100).bar(width: 80)
    XCTAssertEqual(full, "[\(String(repeating: "#", count: 40))] 200/200, 2.0 images/s, 0 s left")
    let none = line(done: 0, ended: 0, seconds: 0, of: 0).bar(width: 80)
    XCTAssertEqual(none, "[\(String(repeating: "#", count: 40))] 0/0")
  }
}
