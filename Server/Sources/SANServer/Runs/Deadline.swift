import Dispatch
import SANInference

/// What `body` returns; `late` is thrown where that takes longer than `time`, and `body` is cancelled then.
func within<Value: Sendable>(
  _ time: Duration, orThrow late: ServerError, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask(operation: body)
    group.addTask {
      try await Task.sleep(for: time)
      throw late
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { preconditionFailure("there are two tasks") }
    return value
  }
}

/// Runs `body` on a thread of its own, as it blocks one for long; `control` is cancelled with the task.
func onThread<Value: Sendable>(
  _ control: RunControl, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withTaskCancellationHandler {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .userInitiated).async { continuation.resume(with: Result(catching: body)) }
    }
  } onCancel: {
    control.cancel()
  }
}
