import Foundation
import XCTest

/// Which images a command line means, and in what order.
final class InputTests: XCTestCase {
  private func assertImages(
    _ arguments: [String], _ expected: [String], in segmenting: Segmenting, input: String? = nil,
    file: StaticString = #filePath, line: UInt = #line
  ) throws {
    let outcome = try segmenting.run(arguments + ["--no-overlay"], input: input)
    XCTAssertEqual(outcome.status, 0, outcome.errors, file: file, line: line)
    XCTAssertEqual(outcome.images, expected, "\(arguments)", file: file, line: line)
  }

  func testFolders() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "in/b.png", "in/B.PNG", "in/a/x.jpg", "in/a.jpg", "in/ä.jpeg", "in/plain", "in/.hidden.png",
      "in/.git/y.png",
      "in/tail.png.txt", "else/z.png")
    try segmenting.addFile("in/notes", Array("no picture".utf8))
    let manager = FileManager.default
    // A loop, a link to a file, to a folder, and to nothing.
    try manager.createSymbolicLink(atPath: segmenting.folder["in/a/up"].path, withDestinationPath: "..")
    try manager.createSymbolicLink(
      atPath: segmenting.folder["in/link.png"].path, withDestinationPath: "b.png")
    try manager.createSymbolicLink(atPath: segmenting.folder["in/far"].path, withDestinationPath: "../else")
    let expected = [
      "in/B.PNG", "in/a.jpg", "in/a/x.jpg", "in/b.png", "in/far/z.png", "in/link.png", "in/plain",
      "in/ä.jpeg",
    ]
    try assertImages(["in"], expected, in: segmenting)
    try assertImages(["in//"], expected, in: segmenting)
    // Each image counts once, where it is named first.
    try assertImages(
      ["in/b.png", "./in", "in/a/x.jpg"],
      ["in/b.png"] + expected.filter { $0 != "in/b.png" }.map { "./\($0)" }, in: segmenting)
  }

  /// Folders that link to each other are each gone into once: a photo has one place.
  func testFoldersThatLinkToEachOther() throws {
    let segmenting = try Segmenting()
    let names = (0..<5).map { "d\($0)" }
    for name in names { try segmenting.addPictures("in/\(name)/\(name).png") }
    try segmenting.addPictures("out/z.png")
    func link(_ path: String, _ target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: segmenting.folder[path].path, withDestinationPath: target)
    }
    for name in names {
      for other in names where other != name { try link("in/\(name)/to-\(other)", "../\(other)") }
    }
    // Of two ways to a folder elsewhere, the first.
    try link("in/b", "../out")
    try link("in/a", "../out")
    let expected = ["in/a/z.png"] + names.map { "in/\($0)/\($0).png" }
    try assertImages(["in"], expected, in: segmenting)
    try assertImages(["in/**/*.png"], expected, in: segmenting)
  }

  func testPatterns() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures(
      "p/a1.jpg", "p/a2.png", "p/b1.jpg", "p/[x].jpg", "p/é.jpg", "p/q/a1.jpg", "p/q/r/a1.jpg", "p/.h/a1.jpg",
      "p/.a1.jpg", "p/q/large.jpg_original", "p/a*.png")
    try segmenting.addFile("p/a3.txt", Array("text".utf8))
    for (pattern, expected) in [
      ("p/*.jpg", ["[x].jpg", "a1.jpg", "b1.jpg", "é.jpg"]),
      ("p/a?.*", ["a*.png", "a1.jpg", "a2.png"]),
      ("p/a\\*.png", ["a*.png"]),
      ("p/?.jpg", ["é.jpg"]),
      ("p/[a-b]1.jpg", ["a1.jpg", "b1.jpg"]),
      ("p/[!a]*.jpg", ["[x].jpg", "b1.jpg", "é.jpg"]),
      ("p/[[]x].jpg", ["[x].jpg"]),
      ("p/**/a1.jpg", ["a1.jpg", "q/a1.jpg", "q/r/a1.jpg"]),
      ("p/**/**/a1.jpg", ["a1.jpg", "q/a1.jpg", "q/r/a1.jpg"]),
      ("p/*/*/*.jpg", ["q/r/a1.jpg"]),
      ("p/**/r/**", ["q/r/a1.jpg"]),
      ("p/q/**", ["q/a1.jpg", "q/large.jpg_original", "q/r/a1.jpg"]),
      ("p/.*.jpg", [".a1.jpg"]),
      ("p/.?/*", [".h/a1.jpg"]),
      ("*/a2.png", ["a2.png"]),
    ] {
      try assertImages([pattern], expected.map { "p/\($0)" }, in: segmenting)
    }
    // A file of just that name is meant first.
    try assertImages(["p/[x].jpg", "p/a1.jpg"], ["p/[x].jpg", "p/a1.jpg"], in: segmenting)
    let absolute = segmenting.folder["p"].path
    try assertImages(["\(absolute)/q/*.jpg"], ["\(absolute)/q/a1.jpg"], in: segmenting)
    let outcome = try segmenting.run(["p/*.tiff"])
    XCTAssertEqual(outcome.status, 66)
    XCTAssertEqual(outcome.errors, "san-cli: p/*.tiff: no photo matches\n")
  }

  /// What file managers give for a file is a path; what lies on a network is not fetched.
  func testAddresses() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a b.png", "é.png")
    let folder = segmenting.folder.url.path
    let addresses = ["file://\(folder)/a%20b.png", "file://localhost\(folder)/%C3%A9.png"]
    try assertImages(addresses, ["\(folder)/a b.png", "\(folder)/é.png"], in: segmenting)
    try segmenting.addFile("list", Array(addresses.joined(separator: "\n").utf8))
    try assertImages(["--list", "list"], ["\(folder)/a b.png", "\(folder)/é.png"], in: segmenting)
    let one = try segmenting.run([addresses[0], "--output", "file://\(folder)/out.png"])
    XCTAssertEqual(one.status, 0, one.errors)
    XCTAssert(FileManager.default.fileExists(atPath: "\(folder)/out.png"))
    for address in ["https://example.org/a.png", "ftp://x/y.jpg", "file://elsewhere/a.png"] {
      let outcome = try segmenting.run([address])
      XCTAssertEqual(outcome.status, 66)
      XCTAssertEqual(
        outcome.errors,
        "san-cli: \(address): cannot be read: addresses are not fetched: download it, and name the file\n")
      let several = try segmenting.run([address, "é.png", "--no-overlay"])
      XCTAssertEqual(several.status, 65)
      XCTAssert(
        several.errors.contains("\(address): cannot be read: addresses are not fetched"), several.errors)
      XCTAssertEqual(several.images, ["é.png"])
    }
    let classes = try Program.run(
      ["segment", "é.png", "--classes-file", "https://example.org/c.txt"], in: segmenting.folder.url)
    XCTAssert(classes.errors.contains("addresses are not fetched"), classes.errors)
  }

  /// The same of folders and models, and nothing is sent there either.
  func testAddressesElsewhere() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png")
    let address = "s3://bucket/x"
    func fails(_ arguments: [String], _ status: Int32, _ words: String..., line: UInt = #line) throws {
      let outcome = try Program.run(arguments, in: segmenting.folder.url)
      XCTAssertEqual(outcome.status, status, outcome.errors, line: line)
      for text in [address] + words { XCTAssert(outcome.errors.contains(text), outcome.errors, line: line) }
    }
    let segment = ["segment", "a.png", "--classes", "cat"]
    let way = "san-cli models download NAME --url \(address)"
    try fails(segment + ["--model", address], 66, "--model: ", way)
    try fails(["info", address], 66, way)
    try fails(["convert", address, "b.safetensors"], 66, way)
    try fails(["models", "download", address], 64, "--url")
    try fails(["models", "add", address], 66, "addresses are not fetched")
    try fails(["segment", address + "/*.jpg", "--classes", "cat"], 66, "addresses are not fetched")
    let eval = ["eval", "--classes", "cat", "--images", address, "--labels", address]
    try fails(eval, 66, "--images: ", "addresses are not fetched")
    try fails(segment + ["--output", address + ".png"], 73, "--output: ", "nothing is sent")
    try fails(segment + ["--mask-dir", address], 73, "--mask-dir: ", "nothing is sent")
    try fails(segment + ["--report", "r", "--labels", address], 73, "--labels: ", "nothing is sent")
    XCTAssertEqual(try segmenting.folder.contents().keys.filter { $0.hasPrefix("s3") }, [])
  }

  func testLists() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("one.png", "two two.jpg", "more/three.png", "#4.png")
    try segmenting.addFile("list", Array("two two.jpg\n\n#4.png\r\nmore\none.png\none.png".utf8))
    let expected = ["two two.jpg", "#4.png", "more/three.png", "one.png"]
    try assertImages(["--list", "list"], expected, in: segmenting)
    try assertImages(["--list", "-"], expected, in: segmenting, input: "list")
    try assertImages(
      ["one.png", "--list", "list"], ["one.png", "two two.jpg", "#4.png", "more/three.png"], in: segmenting)
    // A list of one is a list: its outputs go to folders.
    try segmenting.addFile("one.list", Array("one.png\n".utf8))
    let outcome = try segmenting.run(["--list", "one.list", "--output", "out"])
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(try segmenting.outputs("out"), ["one.segmented.png"])
  }

  /// What `find -print0` writes: any character but NUL may be in a name.
  func testListsWithNUL() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png", "two\nlines.png", "end\r", "more/b.png")
    try segmenting.addFile("list", Array("two\nlines.png\0end\r\0\0more\0a.png\0".utf8))
    let outcome = try segmenting.run(["--list", "-", "--no-overlay"], input: "list")
    XCTAssertEqual(outcome.status, 0, outcome.errors)
    XCTAssertEqual(outcome.images, ["two\\nlines.png", "end\\r", "more/b.png", "a.png"])
    try segmenting.addFile("list", Array("a.png\0".utf8) + [0xFF, 0])
    let bad = try segmenting.run(["--list", "list", "--no-overlay"])
    XCTAssertEqual(bad.status, 65)
    XCTAssertEqual(bad.errors, "san-cli: --list: list: entry 2 is not a path in UTF-8\n")
  }

  func testWhatCannotBeInputs() throws {
    let segmenting = try Segmenting()
    try segmenting.addPictures("a.png", "in/b.png")
    try segmenting.addFile("empty.list", [])
    try segmenting.addFile("binary.list", [0xFF, 0xFE, 0x0A])
    try FileManager.default.createDirectory(at: segmenting.folder["void"], withIntermediateDirectories: true)
    let before = try segmenting.files(".")
    for (arguments, status, name) in [
      (["void"], 66, "void"), (["--list", "missing.list"], 66, "missing.list"),
      (["--list", "in"], 66, "in"), (["--list", "empty.list"], 65, "empty.list"),
      (["--list", "binary.list"], 65, "binary.list"), (["a.png", "-"], 64, "standard input"),
      (["in", "--jobs", "0"], 64, "--jobs"), (["in", "--jobs", "257"], 64, "--jobs"), ([""], 64, "<image>"),
      (["in", "--output", "in"], 64, "in is an input too"), (["in", "--labels", "./in/"], 64, "--labels"),
      (["in", "--output", "-"], 64, "--output"), (["in", "--json", "-"], 64, "--json"),
      (["in", "--output", "all.png"], 64, "all.png"), (["in", "--output", "a.png/x"], 73, "a.png/x"),
      (["in", "--output", "a.png"], 73, "a.png"), (["in", "--mask-dir", ""], 64, "--mask-dir"),
      (["in", "--no-overlay", "--output", "x"], 64, "--no-overlay"),
    ] as [([String], Int32, String)] {
      let outcome = try segmenting.run(arguments)
      XCTAssertEqual(outcome.status, status, "\(arguments): \(outcome.errors)")
      XCTAssertEqual(outcome.errorLines.count, 1, outcome.errors)
      XCTAssert(outcome.errors.contains(name), outcome.errors)
      XCTAssertEqual(outcome.output, "")
    }
    XCTAssertEqual(try segmenting.files("."), before)
  }
}
