#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Texts as C reads them, which stay where they are as long as this lives.
final class CStrings: @unchecked Sendable {
  private let texts: [UnsafePointer<CChar>?]

  init(_ texts: [String]) { self.texts = texts.map { UnsafePointer(strdup($0)) } }

  deinit {
    for text in texts { free(UnsafeMutablePointer(mutating: text)) }
  }

  subscript(index: Int) -> UnsafePointer<CChar>? { texts[index] }

  /// Puts the list where the caller wants it.
  func fill(
    _ names: UnsafeMutablePointer<UnsafePointer<UnsafePointer<CChar>?>?>?, _ count: UnsafeMutablePointer<Int>?
  ) throws(ArgumentError) {
    let (names, count) = (try needed(names, "names"), try needed(count, "count"))
    (names.pointee, count.pointee) = (texts.address, texts.count)
  }
}

extension Array {
  /// Where the elements lie: for the caller of a C function, as long as an object holds this array and never writes to it.
  var address: UnsafePointer<Element>? { withUnsafeBufferPointer(\.baseAddress) }
}

/// The texts of a C array of strings.
func texts(
  _ strings: UnsafePointer<UnsafePointer<CChar>?>?, count: Int, _ name: String
) throws(ArgumentError) -> [String] {
  guard count > 0 else { return [] }
  let strings = UnsafeBufferPointer(start: try needed(strings, name), count: count)
  var texts: [String] = []
  for (index, string) in strings.enumerated() { texts.append(try text(string, "\(name)[\(index)]")) }
  return texts
}
