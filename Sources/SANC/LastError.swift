#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The text of each thread's last error, for `san_last_error`.
enum LastError {
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key) { free($0) } == 0 ? key : nil
  }()

  private static let empty: StaticString = ""

  /// This thread's text, which stays until the next ``set(_:)`` on it.
  static var text: UnsafePointer<CChar> {
    let text = key.flatMap { pthread_getspecific($0) }.map { UnsafeRawPointer($0) }
    return (text ?? UnsafeRawPointer(empty.utf8Start)).assumingMemoryBound(to: CChar.self)
  }

  /// Sets this thread's text; nil is none.
  static func set(_ text: String?) {
    guard let key else { return }
    free(pthread_getspecific(key))
    pthread_setspecific(key, text.flatMap { strdup($0) })
  }
}
