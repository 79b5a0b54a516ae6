#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A library that is looked for when something first needs it, so that building and running need none of those that read
/// other formats than JPEG and PNG, nor those that know the system's fonts.
package struct SystemLibrary: Sendable, Equatable {
  /// Such as `libwebp`.
  package let name: String
  /// Debian's package with it, and Homebrew's.
  let debian, homebrew: String
  /// The numbers in the name of the file, of the interfaces that are known here; the newest first.
  let interfaces: [Int]

  static let webP = SystemLibrary(name: "libwebp", debian: "libwebp7", homebrew: "webp", interfaces: [7, 6])
  static let tiff = SystemLibrary(
    name: "libtiff", debian: "libtiff6", homebrew: "libtiff", interfaces: [6, 5])
  static let heif = SystemLibrary(
    name: "libheif", debian: "libheif1", homebrew: "libheif", interfaces: [1])
  package static let freeType = SystemLibrary(
    name: "libfreetype", debian: "libfreetype6", homebrew: "freetype", interfaces: [6])
  package static let fontConfig = SystemLibrary(
    name: "libfontconfig", debian: "fontconfig", homebrew: "fontconfig", interfaces: [1])
  /// Where libheif's decoders are packages of their own.
  static let heifWithHEVC = SystemLibrary(
    name: "libheif's HEVC decoder", debian: "libheif-plugin-libde265", homebrew: "libheif", interfaces: [])
  static let heifWithAV1 = SystemLibrary(
    name: "libheif's AV1 decoder", debian: "libheif-plugin-dav1d", homebrew: "libheif", interfaces: [])

  /// How to install it, in one line.
  package var advice: String { "install it (apt install \(debian), or brew install \(homebrew))" }

  /// Loads it, for as long as the program runs; `nil` where it is not found.
  package func load() -> Loaded? {
    for number in interfaces {
      #if os(macOS)
        let file = "\(name).\(number).dylib"
        // Homebrew's folders are not searched by themselves.
        let places = [file, "/opt/homebrew/lib/\(file)", "/usr/local/lib/\(file)"]
      #else
        let places = ["\(name).so.\(number)"]
      #endif
      for place in places {
        if let handle = dlopen(place, RTLD_NOW | RTLD_LOCAL) { return Loaded(handle: handle) }
      }
    }
    return nil
  }

  /// A library's functions by name.
  package struct Loaded {
    fileprivate let handle: UnsafeMutableRawPointer

    /// The function of this name, which must have the type `Function`, a pointer to a C function.
    package func function<Function>(_ name: String, as type: Function.Type = Function.self) -> Function? {
      precondition(MemoryLayout<Function>.size == MemoryLayout<UnsafeRawPointer>.size, "a C function")
      return dlsym(handle, name).map { unsafeBitCast($0, to: type) }
    }
  }
}
