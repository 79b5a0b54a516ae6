import Foundation
import SANCore
import TestSupport
import XCTest

/// Thousands of damaged files, the same in every run: each is read to the end or refused with a typed error.
final class CheckpointFuzzTests: XCTestCase {
  private struct Tally {
    var read = 0
    var refused = 0
  }

  /// Opens `bytes` as a model file, and reads all of its tensors.
  private func check(_ bytes: [UInt8], _ tally: inout Tally, _ name: String) throws {
    do {
      let checkpoint = try Checkpoint(MappedFile(copying: bytes, path: "a/model"))
      for entry in checkpoint.entries where entry.type.isReadable {
        let tensor = try checkpoint.tensor(entry.name)
        XCTAssertEqual(tensor.count, entry.shape.reduce(1, *), name)
        XCTAssertLessThanOrEqual(tensor.count, bytes.count, name)
        let copy = tensor.values  // every element is touched
        XCTAssertEqual(copy.count, tensor.count, name)
      }
      tally.read += 1
    } catch let error as CheckpointError {
      XCTAssertTrue("\(error)".hasPrefix("a/model: "), name)
      XCTAssertFalse("\(error)".contains { $0.isNewline }, name)
      tally.refused += 1
    }
  }

  private func archive(of pickle: [UInt8], _ storages: [(String, [UInt8])]) -> [UInt8] {
    ZipBuilder([("a/data.pkl", pickle)] + storages.map { ("a/data/\($0.0)", $0.1) }).bytes
  }

  func testSafetensors() throws {
    var tally = Tally()
    for (seed, name) in ["pth/other_types", "pth/strides", "pth/bfloat16", "golden/toy.text.golden"]
      .enumerated()
    {
      let original = try Fixture.bytes("\(name).safetensors")
      var mutator = Mutator(seed: UInt64(seed))
      for round in 0..<4000 {
        try check(mutator.mutated(original, focus: 600), &tally, "\(name) \(round)")
      }
    }
    XCTAssertGreaterThan(tally.refused, 8000)
    XCTAssertGreaterThan(tally.read, 1000)
  }

  func testArchives() throws {
    var tally = Tally()
    for (seed, name) in ["strides", "protocol4", "older_zip", "ordered"].enumerated() {
      // From the end: that is where an archive's directory lies.
      let original = Array(try Fixture.bytes("pth/\(name).pth").reversed())
      var mutator = Mutator(seed: UInt64(100 + seed))
      for round in 0..<4000 {
        try check(mutator.mutated(original, focus: 1500).reversed(), &tally, "\(name) \(round)")
      }
    }
    XCTAssertGreaterThan(tally.refused, 6000)
    XCTAssertGreaterThan(tally.read, 1000)
  }

  func testPickles() throws {
    var tally = Tally()
    let storages: [(String, [UInt8])] = (0..<12).map { ("\($0)", [UInt8](repeating: 1, count: 96)) }
    for (seed, name) in ["nested", "strides", "protocol3", "protocol4", "protocol5", "parameters"]
      .enumerated()
    {
      let torch = try Fixture.bytes("pth/\(name).pth")
      // The first entry of an archive is its pickle, stored as it is, from a PROTO to the STOP before the
      // next header.
      let start = try XCTUnwrap(torch.firstIndex(of: 0x80))
      let next = torch.indices.dropFirst(start).first { torch[$0...].starts(with: [0x50, 0x4B]) }
      let stop = try XCTUnwrap(torch[..<(try XCTUnwrap(next))].lastIndex(of: UInt8(ascii: ".")))
      let pickle = Array(torch[start...stop])
      var mutator = Mutator(seed: UInt64(200 + seed))
      var sound = Tally()
      try check(archive(of: pickle, storages), &sound, name)
      XCTAssertEqual(sound.read, 1, "\(name) is sound before it is damaged")
      for round in 0..<4000 {
        let damaged = mutator.mutated(pickle, focus: pickle.count)
        try check(archive(of: damaged, storages), &tally, "\(name) \(round)")
      }
    }
    XCTAssertGreaterThan(tally.refused, 12_000)
  }

  func testConfigurations() throws {
    var tally = Tally()
    let original = Array(SANConfiguration.vitB16.json.utf8)
    var mutator = Mutator(seed: 300)
    for round in 0..<16_000 {
      let damaged = mutator.mutated(original, focus: original.count)
      do {
        let configuration = try SANConfiguration(json: damaged, file: "config.json")
        XCTAssertNoThrow(try configuration.validate(file: "config.json"), "\(round)")
        XCTAssertGreaterThan(configuration.parameterCount, 0, "\(round)")
        XCTAssertEqual(
          try SANConfiguration(json: Array(configuration.json.utf8), file: "again"), configuration)
        tally.read += 1
      } catch let error as ConfigurationError {
        XCTAssertTrue("\(error)".hasPrefix("config.json: "), "\(error)")
        XCTAssertFalse("\(error)".contains { $0.isNewline }, "\(error)")
        tally.refused += 1
      }
    }
    XCTAssertGreaterThan(tally.refused, 12_000)
    XCTAssertGreaterThan(tally.read, 100)
  }
}
