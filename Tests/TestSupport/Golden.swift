import SANCore
import XCTest

/// Numbers that this code did not make, by name.
public struct Golden: Sendable {
  private let checkpoint: Checkpoint
  private let file: String

  /// The tensors in the fixture `file`, such as `golden/toy.golden.safetensors`.
  public init(_ file: String) throws {
    self.file = file
    checkpoint = try Checkpoint.open(path: Fixture.url(file).path)
  }

  /// The tensor `name`.
  public subscript(_ name: String) -> Tensor {
    get throws { try checkpoint.tensor(name) }
  }

  /// Whether the file has the tensor `name`.
  public func has(_ name: String) -> Bool { checkpoint.entry(name) != nil }
}

/// Fails unless `actual` has as many elements as `expected` and each is within `tolerance` of its own.
///
/// With `relative` the tolerance is a part of the largest magnitude of `expected`.
public func assertClose(
  _ actual: [Float], _ expected: [Float], tolerance: Float, relative: Bool = false, _ name: String = "",
  file: StaticString = #filePath, line: UInt = #line
) {
  guard actual.count == expected.count else {
    XCTFail("\(name): \(actual.count) elements, expected \(expected.count)", file: file, line: line)
    return
  }
  let largest = expected.reduce(Float(0)) { max($0, abs($1)) }
  let limit = relative ? tolerance * largest : tolerance
  var worst: (index: Int, difference: Float) = (0, -1)
  for index in actual.indices {
    let difference = abs(actual[index] - expected[index])
    if difference > worst.difference || difference.isNaN {
      worst = (index, difference)
      if difference.isNaN { break }
    }
  }
  XCTAssert(
    worst.difference <= limit,
    "\(name): element \(worst.index) is \(actual.isEmpty ? 0 : actual[worst.index]), expected "
      + "\(expected.isEmpty ? 0 : expected[worst.index]); differs by \(worst.difference), allowed \(limit)",
    file: file, line: line)
}

/// ``assertClose(_:_:tolerance:relative:_:file:line:)`` on tensors, whose shapes may differ in extents of one.
public func assertClose(
  _ actual: Tensor, _ expected: Tensor, tolerance: Float, relative: Bool = false, _ name: String = "",
  file: StaticString = #filePath, line: UInt = #line
) {
  XCTAssertEqual(
    actual.shape.filter { $0 != 1 }, expected.shape.filter { $0 != 1 }, "\(name): shape", file: file,
    line: line)
  assertClose(
    actual.values, expected.values, tolerance: tolerance, relative: relative, name, file: file, line: line)
}

extension Matrix {
  /// Columns as the outermost extent: tokens `[h·w, C]` as a map `[C, h·w]`.
  public var transposed: Tensor {
    Tensor(shape: [columns, rows]) { out in
      for row in 0..<rows {
        for column in 0..<columns { out[column * rows + row] = self.row(row)[column] }
      }
    }
  }
}
