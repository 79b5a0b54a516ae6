import SANCore
import SANInference
import Synchronization

/// A photo that the network has seen, with its file, from which overlays and cut-outs are made.
struct EncodedPhoto: Sendable {
  let file: UploadedPhoto
  let encoded: EncodedImage
  /// The name of the model that encoded it.
  let model: String

  /// About how much memory it takes, in bytes.
  var bytes: Int {
    let proposals = encoded.views.map(\.proposals)
    let tensors = proposals.flatMap {
      [$0.logits, $0.embeddings] + ($0.places.map { [$0.embeddings, $0.shares] } ?? [])
    }
    return file.bytes.count + tensors.reduce(0) { $0 + $1.shape.reduce(4, *) }
  }
}

/// Encoded photos under names that nobody guesses, each for some time after its last use. Where there are too many, those
/// that were not used for longest go.
final class KeptPhotos: Sendable {
  private struct Entry {
    let photo: EncodedPhoto
    var lastUse: ContinuousClock.Instant
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var bytes = 0
  }

  private let count, bytes: Int
  private let lifetime: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  /// A store for so many photos and bytes.
  ///
  /// - Parameter now: the time, which tests set.
  init(
    count: Int, bytes: Int, lifetime: Duration,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    (self.count, self.bytes, self.lifetime, self.now) = (count, bytes, lifetime, now)
  }

  /// Photos that are kept, and about how much memory they take.
  var contents: (count: Int, bytes: Int) {
    state.withLock { state in
      prune(&state)
      return (state.entries.count, state.bytes)
    }
  }

  /// Keeps a photo and returns its name.
  ///
  /// - Throws: ``ServerError`` where it alone is more than may be kept.
  func keep(_ photo: EncodedPhoto) throws -> String {
    guard count > 0, photo.bytes <= bytes else {
      throw ServerError.tooLarge(
        "this photo takes more memory than the server keeps for photos (\(bytes) bytes); make it smaller, or ask "
          + "/v1/segment with the photo itself")
    }
    // 128 bits of the system's generator.
    let name = (0..<16).map { _ in UInt8.random(in: .min ... .max) }.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    state.withLock { state in
      prune(&state)
      state.entries[name] = Entry(photo: photo, lastUse: now())
      state.bytes += photo.bytes
      while state.entries.count > count || state.bytes > bytes {
        guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key else { return }
        remove(oldest, from: &state)
      }
    }
    return name
  }

  /// The photo of this name, whose time starts anew.
  ///
  /// - Throws: ``ServerError`` where it is not kept, or no longer.
  func photo(_ name: String) throws -> EncodedPhoto {
    let found = state.withLock { state -> EncodedPhoto? in
      prune(&state)
      state.entries[name]?.lastUse = now()
      return state.entries[name]?.photo
    }
    guard let found else {
      throw ServerError(
        .notFound, .notFound,
        "photo: none of this name is kept, or no longer; send it to /v1/encode again and use the name that it returns"
      )
    }
    return found
  }

  /// Forgets photos whose time is over.
  func prune() { state.withLock { prune(&$0) } }

  private func prune(_ state: inout State) {
    let end = now() - lifetime
    for name in state.entries.filter({ $0.value.lastUse < end }).keys { remove(name, from: &state) }
  }

  private func remove(_ name: String, from state: inout State) {
    if let entry = state.entries.removeValue(forKey: name) { state.bytes -= entry.photo.bytes }
  }
}
