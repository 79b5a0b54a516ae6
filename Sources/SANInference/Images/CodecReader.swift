#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One encoded picture being read: its decoder behind the limits that hold for every format, and with its name in errors.
struct CodecReader {
  let header: PictureHeader
  private let name: String
  private let format: ImageFormat
  private let request: DecodingRequest
  private let decoder: any RowDecoder

  /// Parses the header, and refuses sizes over ``ImageLimits`` and sizes that so few bytes cannot hold.
  /// `bytes` must stay valid until the reader is gone.
  init(
    _ bytes: UnsafeRawBufferPointer, format: ImageFormat, request: DecodingRequest, name: String
  ) throws(ImageError) {
    do throws(CodecFailure) {
      decoder = try Codec.row(of: format).open(bytes, request)
    } catch {
      throw ImageError(error, name: name, format: format, width: 0, height: 0)
    }
    (self.name, self.format, self.request) = (name, format, request)
    header = decoder.header
    guard ImageLimits.allow(width: header.width, height: header.height) else {
      throw .tooManyPixels(name: name, width: header.width, height: header.height)
    }
    guard header.minimumBytes <= bytes.count || request == .colorsOfCutFiles else {
      let reason = "\(bytes.count) bytes cannot hold \(header.width)×\(header.height) pixels"
      throw .damaged(name: name, format: format, reason: reason)
    }
  }

  /// Decodes the next `count` rows into `rows`, which has room for `count · width · bytesPerPixel`. Returns how many are
  /// there: all of them, unless a file that ends too early is wanted too.
  func read(rows: UnsafeMutablePointer<UInt8>, count: Int) throws(ImageError) -> Int {
    do throws(CodecFailure) {
      try decoder.read(rows: rows, count: count)
      return count
    } catch {
      if case .cut(_, let rows) = error, request == .colorsOfCutFiles { return rows }
      throw failure(error)
    }
  }

  /// Reads what follows the last row, which must be sound too. Returns what is odd about the picture, if anything.
  func finish() throws(ImageError) -> String? {
    do throws(CodecFailure) {
      return try decoder.finish()
    } catch {
      throw failure(error)
    }
  }

  /// The error of a file that ends before its first row does.
  func noRows() -> ImageError { failure(.damaged("the file ends before the first row does")) }

  /// An array that `fill` writes whole. Its memory is not touched before, so a file that ends early costs
  /// what it held, not what it claimed.
  func makeArray<Element>(
    count: Int, fill: (UnsafeMutablePointer<Element>) throws(ImageError) -> Void
  ) throws(ImageError) -> [Element] {
    // Array would trap where malloc returns null, so ask first.
    guard let probe = malloc(count * MemoryLayout<Element>.stride) else { throw failure(.noMemory) }
    free(probe)
    var failure: ImageError?
    let array = [Element](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let start = buffer.baseAddress else { return }
      do throws(ImageError) {
        try fill(start)
        filled = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return array
  }

  private func failure(_ failure: CodecFailure) -> ImageError {
    ImageError(failure, name: name, format: format, width: header.width, height: header.height)
  }
}

extension ImageError {
  fileprivate init(_ failure: CodecFailure, name: String, format: ImageFormat, width: Int, height: Int) {
    // Libraries' texts may have line breaks.
    func line(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    switch failure {
    case .damaged(let reason), .cut(let reason, _):
      self = .damaged(name: name, format: format, reason: line(reason))
    case .unsupported(let reason):
      self = .unsupportedKind(name: name, format: format, reason: line(reason))
    case .noMemory: self = .outOfMemory(name: name, width: width, height: height)
    case .noLibrary(let library):
      self = .missingLibrary(name: name, format: format, library: library.name, advice: library.advice)
    }
  }
}
