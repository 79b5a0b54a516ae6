import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reading an encoded picture's bytes from a file.
enum EncodedFile {
  /// The whole file. Stops after the first bytes where they are those of no format that is read, so that a
  /// checkpoint given by mistake is not read whole.
  static func read(_ path: String) throws(ImageError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(name: path, reason: SystemError().text(opening: path)) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      throw .unreadable(name: path, reason: SystemError.text(errno))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw .unreadable(name: path, reason: "it is a folder")
    }
    let size = Int(status.st_size)  // 0 for a pipe
    guard size <= ImageLimits.fileBytes else { throw .fileTooLarge(name: path, bytes: size) }

    var bytes: [UInt8] = []
    try append(from: file, upTo: ImageFormat.headBytes, to: &bytes, path)
    guard !bytes.isEmpty else { throw .empty(name: path) }
    guard ImageFormat(firstBytes: bytes) != nil else {
      throw .unsupportedFormat(name: path, format: ImageFormat.guess(firstBytes: bytes))
    }
    bytes.reserveCapacity(size + 1)
    // What the file system says may be short of what comes; the end is where nothing comes.
    while try append(from: file, upTo: max(size - bytes.count, 0) + 65_536, to: &bytes, path) {
      guard bytes.count <= ImageLimits.fileBytes else {
        throw .fileTooLarge(name: path, bytes: bytes.count)
      }
    }
    return bytes
  }

  /// Appends up to `count` bytes; false where the file ended first.
  @discardableResult
  private static func append(
    from file: Int32, upTo count: Int, to bytes: inout [UInt8], _ path: String
  ) throws(ImageError) -> Bool {
    var code: Int32 = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = systemRead(file, buffer.baseAddress.map { $0 + filled }, count - filled)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    guard code == 0 else { throw .unreadable(name: path, reason: SystemError.text(code)) }
    bytes += chunk
    return chunk.count == count
  }
}

/// `read(2)`, under a name that the members of ``EncodedFile`` do not hide.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
  read(file, buffer, count)
}
