#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Parts of a path.
enum Path {
  /// The folder that a path's file is in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What follows the last slash.
  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// The file's name without its extension; a leading dot is none.
  static func stem(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Whether the file's name ends in `.extension`, in letters of either case.
  static func has(_ path: String, extension end: String) -> Bool {
    name(of: path).lowercased().hasSuffix(".\(end)")
  }

  /// What two paths have in common that some disk takes for one: on exFAT, NTFS and others letters' case does not count, nor
  /// on macOS how an accent is written.
  static func key(_ path: String) -> String { path.uppercased().lowercased() }

  /// The path that a `file:` address stands for, as file managers give them; any other text stays as it is.
  static func local(_ text: String) -> String {
    guard text.hasPrefix("file://"), FileStatus(text) == nil else { return text }
    let address = text.dropFirst("file://".count)
    // Another machine's files have its name before the first slash.
    guard let slash = address.firstIndex(of: "/"), ["", "localhost"].contains(address[..<slash]) else {
      return text
    }
    var bytes: [UInt8] = []
    var rest = Array(address[slash...].utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value != 0
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self) ?? text
  }

  /// The way from a folder to a file, both of which exist, by their real places: through a link, `..` would lead elsewhere.
  static func way(from folder: String, to path: String) -> String {
    func real(_ path: String) -> [Substring]? {
      guard let text = realpath(path, nil) else { return nil }
      defer { free(text) }
      return String(cString: text).split(separator: "/")
    }
    guard let start = real(folder), let end = real(Path.folder(of: path)) else { return path }
    let common = zip(start, end).prefix { $0.0.utf8.elementsEqual($0.1.utf8) }.count
    let up = Array(repeating: "..", count: start.count - common)
    return (up + end[common...].map(String.init) + [name(of: path)]).joined(separator: "/")
  }

  /// `name` in `folder`.
  static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

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
