import Foundation
import SANCore
import TestSupport
import XCTest

/// Files that PyTorch wrote, beside the same tensors as safetensors.
final class TorchFixtureTests: XCTestCase {
  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(path: Fixture.url("pth/\(name)").path)
  }

  /// Every number alike to the last bit; any NaN equals any other.
  private func assertSame(_ actual: Tensor, _ expected: Tensor, _ name: String) {
    XCTAssertEqual(actual.shape, expected.shape, name)
    for (a, b) in zip(actual.values, expected.values) {
      XCTAssertTrue(a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN), "\(name): \(a) instead of \(b)")
    }
  }

  func testEqualsTheSameTensorsAsSafetensors() throws {
    for (file, count) in [
      ("nested", 4), ("strides", 11), ("protocol3", 11), ("protocol4", 11), ("protocol5", 11),
      ("older_zip", 11),
      ("float16", 3), ("bfloat16", 3), ("other_types", 8), ("scalars", 4), ("ordered", 7), ("parameters", 4),
      ("cuda", 1),
    ] {
      let torch = try open("\(file).pth")
      let reference = try open("\(file).safetensors")
      XCTAssertEqual(torch.format, .pyTorch)
      XCTAssertEqual(torch.entries.count, count, file)
      XCTAssertEqual(Set(torch.entries), Set(reference.entries), file)
      for entry in torch.entries where entry.type.isReadable {
        try assertSame(torch.tensor(entry.name), reference.tensor(entry.name), "\(file) \(entry.name)")
      }
    }
  }

  /// Against the conversion to single precision by PyTorch.
  func testHalvesConvertAsPyTorchDoes() throws {
    for file in ["float16", "bfloat16"] {
      let converted = try open("\(file).as_float32.safetensors")
      for format in ["pth", "safetensors"] {
        let stored = try open("\(file).\(format)")
        for entry in stored.entries {
          try assertSame(stored.tensor(entry.name), converted.tensor(entry.name), "\(file) \(entry.name)")
        }
      }
    }
  }

  func testTheOldFormatIsRefused() throws {
    XCTAssertThrowsError(try open("legacy.pth")) {
      guard case CheckpointError.legacyPyTorch = $0 else { return XCTFail("\($0)") }
    }
  }

  /// A whole model as a released file lays it out, with `config.json` beside it.
  func testAWholeModel() throws {
    let torch = try open("micro/model.pth")
    let reference = try open("micro/model.safetensors")
    let configuration = try SANConfiguration.find(for: torch)
    XCTAssertEqual(configuration.name, "san-micro")
    XCTAssertNotNil(torch.entry("criterion.empty_weight"))
    let parameters = try ModelParameters(checkpoint: torch, configuration: configuration)
    XCTAssertEqual(configuration.parameterShapes.count, reference.entries.count)
    for (name, _) in configuration.parameterShapes {
      try assertSame(parameters[name], reference.tensor(name), name)
    }
    for file in ["model.f16.safetensors", "model.bf16.safetensors"] {
      let checkpoint = try open("micro/\(file)")
      let metadata = try XCTUnwrap(checkpoint.metadata["config"])
      XCTAssertEqual(try SANConfiguration(json: Array(metadata.utf8), file: file), configuration)
      XCTAssertNoThrow(try ModelParameters(checkpoint: checkpoint, configuration: configuration))
    }
  }

  /// Hostile and broken files: each ends in an error that names it in one line, and quickly.
  func testHostileFilesAreRefused() throws {
    let folder = Fixture.url("pth/refused").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".pth") }
    XCTAssertGreaterThanOrEqual(names.count, 77)
    for name in names {
      XCTAssertThrowsError(try open("refused/\(name)"), name) { error in
        XCTAssertTrue(error is CheckpointError, "\(error)")
        XCTAssertTrue("\(error)".hasPrefix("\(folder)/\(name): "), "\(error)")
        XCTAssertFalse("\(error)".contains { $0.isNewline }, "\(error)")
      }
    }
  }
}
