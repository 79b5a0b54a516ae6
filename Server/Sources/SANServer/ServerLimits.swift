import SANInference

/// What a server takes at most. Each is checked before memory is taken or time spent.
public struct ServerLimits: Sendable {
  /// Bytes of a request's body.
  public var bodyBytes = 20_000_000
  /// Pixels of a photo.
  public var pixels = 25_000_000
  /// Names in a question: titles, synonyms and what competes with them.
  public var names = 1000
  /// Characters of a name.
  public var nameLength = 100
  /// Questions that are worked on at once.
  public var runs = Segmenter.defaultConcurrentRuns
  /// Questions that may wait for their turn, those that are still arriving among them.
  public var waiting = 16
  /// The time that a body may take to arrive.
  public var uploadTime = Duration.seconds(30)
  /// The time that a question may take in all: arriving, waiting and running.
  public var totalTime = Duration.seconds(120)
  /// Encoded photos that are kept.
  public var keptPhotos = 32
  /// Memory for encoded photos that are kept, in bytes.
  public var keptBytes = 500_000_000
  /// How long an encoded photo is kept after its last use.
  public var keptTime = Duration.seconds(600)
  /// Connections at once; more wait until others close.
  public var connections = 256

  /// The usual limits.
  public init() {}
}
