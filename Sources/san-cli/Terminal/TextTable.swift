/// Rows of text in columns: the first flush left, the others flush right.
struct TextTable {
  private var rows: [[String]] = []

  /// Adds a row of as many cells as the others have.
  mutating func add(_ cells: String...) { rows.append(cells.map(\.printable)) }

  /// The rows, a line each, without spaces at its end.
  var text: String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { cells in
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      let line = padded.joined(separator: "  ")
      let end = line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex
      return line[..<end] + "\n"
    }.joined()
  }
}

extension String {
  /// A name in a line for people: of more than 60 characters the first 59 and an ellipsis.
  var shortened: String { count > 60 ? "\(prefix(59))…" : self }
}

extension Double {
  /// The number with `digits` digits after the point.
  func fixed(_ digits: Int) -> String {
    var unit = 1.0
    for _ in 0..<digits { unit *= 10 }
    guard isFinite, abs(self) * unit < 0x1p53 else { return "\(self)" }
    let scaled = Int((self * unit).rounded())
    let text = String(scaled.magnitude)
    let filled = String(repeating: "0", count: Swift.max(0, digits + 1 - text.count)) + text
    let sign = scaled < 0 ? "-" : ""
    return digits == 0 ? sign + filled : "\(sign)\(filled.dropLast(digits)).\(filled.suffix(digits))"
  }
}

extension Int {
  /// The number with commas between its thousands.
  var grouped: String {
    var text = ""
    for (index, digit) in String(magnitude).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + text.reversed()
  }

  /// A number of bytes in millions.
  var megabytes: String { "\((Double(self) / 1e6).fixed(1)) MB" }
}
