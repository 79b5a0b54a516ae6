/// What stands before the numbers of a NumPy `.npy` file, format version 1.0.
enum NPYHeader {
  /// The header of an array in C order of NumPy's type `type`; its length is a multiple of 64.
  static func bytes(type: String, shape: [Int]) -> [UInt8] {
    // A tuple of one keeps its comma.
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // Magic, version and length take 10 bytes.
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    let spaces = String(repeating: " ", count: length - text.utf8.count - 1)
    let version: [UInt8] = [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    return [0x93] + "NUMPY".utf8 + version + (text + spaces + "\n").utf8
  }
}
