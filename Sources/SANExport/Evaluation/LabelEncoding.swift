import SANCore
import SANInference

/// What the numbers in a data set's label files mean.
public struct LabelEncoding: Sendable, Hashable {
  /// What one number stands for.
  public enum Meaning: Sendable, Hashable {
    /// A class of the vocabulary, by its index.
    case known(Int)
    /// Pixels that are left out.
    case ignored
    /// Left out too, and counted: the data set has such a class, the vocabulary does not.
    case unlisted
    /// Nothing: the files do not fit the vocabulary.
    case unknown
  }

  /// The number of classes.
  public let classCount: Int
  /// By number, 65,536 of them: a class's index, or one of the marks below.
  private let meanings: [Int32]

  private static let ignoredMark: Int32 = -1
  private static let unlistedMark: Int32 = -2
  private static let unknownMark: Int32 = -3

  /// Labels that are indices into the vocabulary: the number `v` is the class `v − offset`.
  ///
  /// - Parameters:
  ///   - classCount: the number of classes.
  ///   - offset: the number of the first class; numbers below it are left out. ADE20K's files need 1.
  ///   - ignored: numbers that are left out, as they are in the files.
  public init(classCount: Int, offset: Int = 0, ignored: Set<UInt16> = [255]) {
    precondition((1...Vocabulary.maximumClasses).contains(classCount), "1 to 65,535 classes")
    self.classCount = classCount
    meanings = (0...65_535).map { value in
      if ignored.contains(UInt16(value)) { return LabelEncoding.ignoredMark }
      // The offset may be any number at all.
      let (index, overflow) = value.subtractingReportingOverflow(offset)
      if !overflow && index < 0 { return LabelEncoding.ignoredMark }
      return !overflow && index < classCount ? Int32(index) : LabelEncoding.unknownMark
    }
  }

  /// Labels that are a data set's own ids, such as COCO's 1 to 90 with gaps.
  ///
  /// - Parameters:
  ///   - classCount: the number of classes.
  ///   - classesByID: the index of the class that each id stands for; several ids may stand for one. Other numbers
  ///     are left out and counted.
  ///   - ignored: numbers that are left out without being counted.
  public init(classCount: Int, classesByID: [UInt16: Int], ignored: Set<UInt16> = [255]) {
    precondition((1...Vocabulary.maximumClasses).contains(classCount), "1 to 65,535 classes")
    precondition(classesByID.values.allSatisfy { (0..<classCount).contains($0) }, "classes of the vocabulary")
    self.classCount = classCount
    var meanings = [Int32](repeating: LabelEncoding.unlistedMark, count: 65_536)
    for (id, index) in classesByID { meanings[Int(id)] = Int32(index) }
    for value in ignored { meanings[Int(value)] = LabelEncoding.ignoredMark }
    self.meanings = meanings
  }

  /// What `value` stands for.
  public subscript(value: UInt16) -> Meaning {
    switch meanings[Int(value)] {
    case LabelEncoding.ignoredMark: .ignored
    case LabelEncoding.unlistedMark: .unlisted
    case LabelEncoding.unknownMark: .unknown
    case let index: .known(Int(index))
    }
  }

  /// A file's labels as classes.
  public struct Decoded: Sendable, Hashable {
    /// The class of each pixel; `LabelMap.other` where it is left out.
    public let labels: LabelMap
    /// Pixels whose number no class has, by number.
    public let unlisted: [UInt16: Int]
  }

  /// Looks up each pixel of a label file.
  ///
  /// - Throws: ``UnknownLabelValue`` for a number that stands for nothing.
  public func decode(_ image: LabelImage) throws(UnknownLabelValue) -> Decoded {
    var unlisted: [UInt16: Int] = [:]
    var unknown: UInt16?
    let labels = [UInt16](unsafeUninitializedCapacity: image.labels.count) { labels, count in
      for (position, value) in image.labels.enumerated() {
        let meaning = meanings[Int(value)]
        labels[position] = meaning < 0 ? LabelMap.other : UInt16(meaning)
        if meaning == LabelEncoding.unlistedMark { unlisted[value, default: 0] += 1 }
        if meaning == LabelEncoding.unknownMark && unknown == nil { unknown = value }
      }
      count = image.labels.count
    }
    if let unknown { throw UnknownLabelValue(value: unknown, classCount: classCount) }
    let size = Grid(height: image.height, width: image.width)
    return Decoded(labels: LabelMap(size: size, labels: labels), unlisted: unlisted)
  }
}

/// A number in a label file that stands for no class and is not left out.
public struct UnknownLabelValue: Error, Sendable, Hashable, CustomStringConvertible {
  /// The number.
  public let value: UInt16
  /// The number of classes.
  public let classCount: Int

  /// An error about `value`.
  public init(value: UInt16, classCount: Int) { (self.value, self.classCount) = (value, classCount) }

  /// The error in one line.
  public var description: String {
    "a pixel has the label \(value), which is none of the \(classCount) classes and is not left out"
  }
}
