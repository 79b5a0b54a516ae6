import Synchronization

/// Ends a loop whose parts run on several threads at the first error of a checkpoint between them.
package final class LoopCheckpoint: Sendable {
  private let check: @Sendable () throws -> Void
  private let error = Mutex<(any Error)?>(nil)

  /// A loop that calls `check` before each part.
  package init(_ check: @escaping @Sendable () throws -> Void) { self.check = check }

  /// Whether the next part is to run. Any thread may ask.
  package func passes() -> Bool {
    error.withLock { error in
      guard error == nil else { return false }
      do { try check() } catch let found { error = found }
      return error == nil
    }
  }

  /// Throws what ended the loop, if anything did. Called once all parts have returned.
  package func finish() throws {
    if let error = error.withLock({ $0 }) { throw error }
  }
}
