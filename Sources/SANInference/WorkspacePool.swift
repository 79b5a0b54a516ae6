import SANCore
import Synchronization

/// Workspaces that are kept from run to run: as many as runs need at once, and of those that wait for the next only a few.
package final class WorkspacePool: Sendable {
  /// Threads that all of them compute with.
  private let threads: ThreadPool
  private let maximumCount: Int
  private let maximumBytes: Int
  private let waiting = Mutex<[Box]>([])

  /// A workspace on its way between runs: only one run holds it at a time.
  private struct Box: @unchecked Sendable {
    let workspace: Workspace
  }

  /// A pool that keeps at most `maximumCount` workspaces, of `maximumBytes` together, while no run has them.
  package init(threads: ThreadPool, maximumCount: Int, maximumBytes: Int) {
    (self.threads, self.maximumCount, self.maximumBytes) = (threads, maximumCount, maximumBytes)
  }

  /// Workspaces that no run has at present.
  package var waitingCount: Int { waiting.withLock(\.count) }

  /// Bytes that these take.
  package var waitingBytes: Int { waiting.withLock { WorkspacePool.bytes($0) } }

  /// Lends `body` a workspace that no other run uses: the one that was given back last.
  package func withWorkspace<R>(_ body: (Workspace) throws -> R) rethrows -> R {
    let box = waiting.withLock { $0.popLast() } ?? Box(workspace: Workspace(pool: threads))
    defer { giveBack(box) }
    return try body(box.workspace)
  }

  /// What has waited longest goes first where there is too much.
  private func giveBack(_ box: Box) {
    waiting.withLock { waiting in
      waiting.append(box)
      while waiting.count > maximumCount || WorkspacePool.bytes(waiting) > maximumBytes {
        waiting.removeFirst()
      }
    }
  }

  private static func bytes(_ boxes: [Box]) -> Int {
    boxes.reduce(0) { $0 + $1.workspace.allocatedBytes }
  }
}
