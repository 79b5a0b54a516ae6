#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Path {
  /// The names from the root to `path`, which need not exist. Links stay as they are named, but where the path goes up
  /// (`..`), which means what the system says.
  static func absoluteParts(of path: String) throws -> [String] {
    var text = path
    if path.split(separator: "/").contains("..") {
      if let real = realpath(path, nil) {
        text = String(cString: real)
        free(real)
      }
    }
    if !text.hasPrefix("/") {
      guard let current = getcwd(nil, 0) else { throw FolderError(path: ".", code: errno) }
      text = "\(String(cString: current))/\(text)"
      free(current)
    }
    return text.split(separator: "/").filter { $0 != "." }.map(String.init)
  }
}
