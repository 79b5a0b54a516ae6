/// The names of several photos' outputs.
enum OutputNames {
  /// A name for each place, none twice: the place without its extension, such as `june/photo`; with it, `june/photo.jpg`,
  /// where several places would have the same. Depends on the places alone.
  ///
  /// - Parameter places: paths that differ.
  static func names(for places: [String]) -> [String] {
    var isWhole = [Bool](repeating: false, count: places.count)
    while true {
      let names = zip(places, isWhole).map { $1 ? $0 : withoutExtension($0) }
      var first: [[UInt8]: Int] = [:]
      var changed = false
      for (index, name) in names.enumerated() {
        guard let other = first.updateValue(index, forKey: key(name)) else { continue }
        for index in [index, other] where !isWhole[index] { (isWhole[index], changed) = (true, true) }
      }
      // Each round gives at least one name its extension, and whole names differ.
      guard changed else { return names }
    }
  }

  private static func withoutExtension(_ place: String) -> String {
    let stem = Path.stem(of: place)
    return place.contains("/") ? Path.join(Path.folder(of: place), stem) : stem
  }

  /// What makes two names lead to one file.
  private static func key(_ name: String) -> [UInt8] {
    #if os(macOS)
      // File systems there mostly ignore case.
      Array(name.lowercased().utf8)
    #else
      Array(name.utf8)
    #endif
  }
}
