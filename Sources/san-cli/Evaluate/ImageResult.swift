import SANCore
import SANExport
import SANInference

/// What the evaluation of one photo found.
struct ImageResult: Hashable {
  let name: String
  let confusion: ConfusionMatrix
  /// Pixels that have no part in it, ``unlisted`` among them.
  let leftOut: Int
  /// Of these, pixels whose number is not among the labels' names, by number.
  let unlisted: [UInt16: Int]

  /// Holds a photo's prediction against its labels.
  init(name: String, truth: LabelEncoding.Decoded, prediction: LabelMap, classCount: Int) throws {
    var confusion = ConfusionMatrix(classCount: classCount)
    try confusion.add(truth: truth.labels, prediction: prediction)
    (self.name, self.confusion) = (name, confusion)
    leftOut = truth.labels.labels.count - Int(confusion.pixels)
    unlisted = truth.unlisted
  }

  /// The members of a line of the state file: `image`, `left_out`, `unlisted` as `[number, pixels]`, and `counts` as
  /// `[true class, given class, pixels]`.
  var json: [(String, JSONText)] {
    [
      ("image", .string(name)), ("left_out", .integer(leftOut)),
      (
        "unlisted",
        .array(
          unlisted.sorted { $0.key < $1.key }.map { .array([.integer(Int($0.key)), .integer($0.value)]) })
      ),
      (
        "counts",
        .array(
          confusion.entries.map {
            .array([.integer($0.truth), .integer($0.prediction), .integer(Int($0.pixels))])
          })
      ),
    ]
  }

  /// Takes a line apart; nil where it is not such a line, for so many classes.
  init?(_ value: JSONValue, classCount: Int) {
    guard case .string(let name)? = value["image"], case .integer(let leftOut)? = value["left_out"],
      case .array(let unlisted)? = value["unlisted"], case .array(let counts)? = value["counts"],
      ImageResult.pixels.contains(leftOut)
    else { return nil }
    (self.name, self.leftOut) = (name, leftOut)
    var numbers: [UInt16: Int] = [:]
    for entry in unlisted {
      guard let entry = ImageResult.integers(entry, count: 2), let number = UInt16(exactly: entry[0]),
        ImageResult.pixels.contains(entry[1]), numbers.updateValue(entry[1], forKey: number) == nil
      else { return nil }
    }
    self.unlisted = numbers
    var confusion = ConfusionMatrix(classCount: classCount)
    var total = leftOut
    for entry in counts {
      guard let entry = ImageResult.integers(entry, count: 3), (0..<classCount).contains(entry[0]),
        (0..<classCount).contains(entry[1]), ImageResult.pixels.contains(entry[2])
      else { return nil }
      total += entry[2]
      guard ImageResult.pixels.contains(total) else { return nil }
      confusion.add(Int64(entry[2]), truth: entry[0], prediction: entry[1])
    }
    self.confusion = confusion
  }

  /// No photo has more, so that sums of whole files stay far from overflowing.
  private static let pixels = 0...ImageLimits.pixels

  private static func integers(_ value: JSONValue, count: Int) -> [Int]? {
    guard case .array(let elements) = value, elements.count == count else { return nil }
    let integers = elements.compactMap { if case .integer(let integer) = $0 { integer } else { nil } }
    return integers.count == count ? integers : nil
  }
}

/// The results of all photos so far.
struct EvaluationTally {
  private(set) var confusion: ConfusionMatrix
  private(set) var baselines: SingleLabelBaselines
  private(set) var images = 0
  /// Of these, images whose results were known before the run.
  private(set) var known = 0
  /// Pixels that have no part in it, ``unlisted`` among them.
  private(set) var leftOut = 0
  /// Pixels whose number is not among the labels' names, by number.
  private(set) var unlisted: [UInt16: Int] = [:]

  init(classCount: Int) {
    confusion = ConfusionMatrix(classCount: classCount)
    baselines = SingleLabelBaselines(classCount: classCount)
  }

  mutating func add(_ result: ImageResult, isKnown: Bool = false) {
    confusion.merge(result.confusion)
    baselines.add(result.confusion)
    images += 1
    known += isKnown ? 1 : 0
    leftOut += result.leftOut
    unlisted.merge(result.unlisted, uniquingKeysWith: +)
  }
}
