import SANInference
import XCTest

/// The digests that NIST publishes with FIPS 180-4.
final class SHA256Tests: XCTestCase {
  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  func testPublishedDigests() {
    let cases = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ]
    for (text, digest) in cases {
      XCTAssertEqual(hexadecimal(SHA256.digest(Array(text.utf8))), digest, text)
    }
  }

  func testAMillionLettersInPieces() {
    var hash = SHA256()
    var (rest, piece) = (1_000_000, 1)
    while rest > 0 {
      let count = min(rest, piece)
      hash.update([UInt8](repeating: UInt8(ascii: "a"), count: count))
      rest -= count
      piece = piece % 331 + 1
    }
    XCTAssertEqual(
      hexadecimal(hash.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }
}
