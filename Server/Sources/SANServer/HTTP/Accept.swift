/// Which types of answer a client takes, by its `Accept` header.
struct Accept {
  private let ranges: [(type: String, quality: Double)]

  /// All types where there is no header.
  init(_ header: String?) {
    let parts = HeaderValue.split(header ?? "*/*", at: ",").filter { !$0.isEmpty }.map { HeaderValue($0) }
    ranges = parts.map { part in
      let quality = part.parameters["q"].map { Double($0) ?? 0 } ?? 1
      return (part.value, quality.isFinite ? min(max(quality, 0), 1) : 0)
    }
  }

  /// The one of `types` that the client likes best, an earlier one where it likes several as much; nil where it takes none.
  func best(of types: [String]) -> String? {
    let liked = types.map { (type: $0, quality: quality(of: $0)) }.filter { $0.quality > 0 }
    guard let most = liked.map(\.quality).max() else { return nil }
    return liked.first { $0.quality == most }?.type
  }

  /// How much the client likes `type`: what the most exact of its ranges says.
  private func quality(of type: String) -> Double {
    let kind = type.prefix { $0 != "/" } + "/*"
    for range in [type, String(kind), "*/*"] {
      if let found = ranges.first(where: { $0.type == range }) { return found.quality }
    }
    return 0
  }
}
