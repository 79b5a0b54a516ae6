/// A precision that is not computed in on this machine.
public enum PrecisionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The processor, or the system, lacks the instructions; the precisions that it has are named.
  case notOffered(Precision, offered: [Precision])

  /// One plain line: what is missing, and what to take instead.
  public var description: String {
    switch self {
    case .notOffered(let precision, let offered):
      "\(precision.rawValue) takes a processor with \(precision.instructions ?? "other instructions"), which this one lacks; "
        + "choose \(offered.map(\.rawValue).joined(separator: " or "))"
    }
  }
}
