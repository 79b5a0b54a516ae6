import Synchronization

/// A value that is made when it is first asked for, by whichever thread asks, and then kept.
///
/// A layer's initialiser reads no number of its parameters; what it computes of them is made so.
final class Once<Value: Sendable>: Sendable {
  private let make: @Sendable () -> Value
  private let made = Mutex<Value?>(nil)

  /// The value of `make`.
  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  /// The value.
  var value: Value {
    made.withLock { made in
      if let made { return made }
      let value = make()
      made = value
      return value
    }
  }
}
