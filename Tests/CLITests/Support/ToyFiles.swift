import Foundation
import SANCore
import SANInference
import TestSupport

/// Files that the tests give to the program.
enum ToyFiles {
  /// The toy model's file; its configuration is in it. It stays for all tests of the process.
  static let model: URL = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "san-toy-\(ProcessInfo.processInfo.processIdentifier)")
    let file = folder.appendingPathComponent("toy.safetensors")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try write(type: .float32, to: file)
    } catch {
      fatalError("the toy model cannot be written: \(error)")
    }
    atexit { try? FileManager.default.removeItem(at: ToyFiles.model.deletingLastPathComponent()) }
    return file
  }()

  /// Writes the toy model, with its configuration unless that is to be given apart.
  static func write(type: ElementType, to file: URL, configured: Bool = true) throws {
    let configuration = ProceduralModel.toyConfiguration
    let parameters = ProceduralModel.parameters(configuration)
    try SafetensorsWriter.write(
      to: file.path,
      entries: configuration.parameterShapes.map {
        SafetensorsWriter.Entry(name: $0.name, shape: $0.shape, type: type)
      },
      metadata: configured ? ["config": configuration.json] : [:]
    ) { parameters[$0] }
  }

  /// A JSON text whose numbers are those that are printed: JSONSerialization reads some of 17 digits as their neighbours.
  static func json(_ text: [UInt8]) throws -> JSONValue {
    try text.withUnsafeBytes { try JSONValue(parsing: $0) }
  }

  /// A picture of blocks and stripes.
  static func photo(width: Int, height: Int) throws -> RGBImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels += [UInt8((x / 8 * 67) % 256), UInt8((y / 8 * 101) % 256), UInt8((x * 3 + y * 5) % 256)]
      }
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The picture as a PNG file's bytes.
  static func png(width: Int, height: Int) throws -> [UInt8] {
    try PNGWriter.encode(photo(width: width, height: height))
  }

  /// A JPEG of 24×16 pixels.
  static let jpeg = Array(
    Data(
      base64Encoded: """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62r\
        Z4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk\
        pKT/wAARCAAQABgDASIAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAAAAECA//EACcQAAAEBAUEAwAAAAAAAAAAAAABAgQDIiNBMkJR\
        YXETFCEkMdHh/8QAFgEBAQEAAAAAAAAAAAAAAAAAAAEC/8QAGxEAAgIDAQAAAAAAAAAAAAAAAAECMRFBwRL/2gAMAwEAAhEDEQA/AMYD\
        Zt0FUIuE8paciibNu3VQi2ylqW4IK6KpnWE77chkr11TOrX35EimYTl5vTFEbtjgooRSm8yl9gFLXRTM6+df0ANbfeCTlmz/2Q==
        """)!)

  /// A PNG of a few bytes that claims to have `width` × `height` pixels.
  static func emptyPNG(width: UInt32, height: UInt32) -> [UInt8] {
    func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(name.utf8) + data
      return bytes(UInt32(data.count)) + body + bytes(checksum(body))
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", bytes(width) + bytes(height) + [8, 2, 0, 0, 0])
      + chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1])
      + chunk("IEND", [])
  }

  /// PNG's CRC-32.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }
}

/// A NumPy file of float32, taken apart by its own rules.
struct FloatArray {
  let shape: [Int]
  let values: [Float]

  /// Nil where the bytes are not exactly such a file.
  init?(npy bytes: [UInt8]) {
    guard bytes.count >= 10, Array(bytes[..<8]) == [0x93] + Array("NUMPY".utf8) + [1, 0] else { return nil }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    guard bytes.count >= start else { return nil }
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'descr': '<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
    else { return nil }
    shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    guard bytes.count == start + 4 * shape.reduce(1, *) else { return nil }
    values = stride(from: start, to: bytes.count, by: 4).map { offset in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) })
    }
  }
}
