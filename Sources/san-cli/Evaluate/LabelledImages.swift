import SANInference

/// A photo and its label file.
struct LabelledImage: Hashable {
  /// Its path below the folder of photos, without extension and suffix: what lists and results call it.
  let name: String
  let image: String
  let labels: String
}

/// The photos of an evaluation, each with its labels.
enum LabelledImages {
  /// Pairs photos with label files of the same path below their folders, in the order of the names' bytes.
  ///
  /// - Throws: ``EvaluationDataError``, ``FolderError``, ``NameEncodingError``, or what reading the list throws.
  static func find(_ options: EvaluationDataOptions) throws -> [LabelledImage] {
    let labelsIdentity = FileIdentity(options.labels)
    let isOneFolder = labelsIdentity == FileIdentity(options.images)
    let images = try OptionError.naming("--images") {
      try named(
        in: options.images, suffix: options.imageSuffix, option: "--image-suffix",
        skipping: isOneFolder ? [] : Set([labelsIdentity].compactMap { $0 })
      ) { PictureFile.hasPictureName($0) }
    }
    let labels = try OptionError.naming("--labels") {
      try named(in: options.labels, suffix: options.labelSuffix, option: "--label-suffix") {
        Path.has($0, extension: "png")
      }
    }
    guard !images.isEmpty else {
      let end = options.imageSuffix.isEmpty ? "" : " whose name ends in \(options.imageSuffix)"
      throw EvaluationDataError("--images: \(options.images): the folder holds no photo\(end)")
    }
    var names = Array(images.keys)
    if let list = options.list {
      let listed = try OptionError.naming("--list") { try PathList.read(list) }
      if let missing = listed.first(where: { images[$0] == nil }) {
        throw EvaluationDataError(
          "--list: \(list): \"\(missing)\" is no photo in \(options.images); "
            + "name photos by their path in it, without extension\(options.imageSuffix.isEmpty ? "" : " and suffix")"
        )
      }
      names = Array(Set(listed))
    }
    names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return try names.prefix(options.limit ?? .max).map { name in
      let image = images[name] ?? ""
      try PictureFile.requireName(image)
      guard let labels = labels[name] else {
        let expected = Path.join(options.labels, "\(name)\(options.labelSuffix).png")
        throw EvaluationDataError(
          "\(image): there are no labels for it: no \(expected); add them, or choose photos with --list")
      }
      return LabelledImage(name: name, image: image, labels: labels)
    }
  }

  /// The files of a folder by their path in it without suffix and extension.
  private static func named(
    in folder: String, suffix: String, option: String, skipping skipped: Set<FileIdentity> = [],
    where isWanted: (String) -> Bool
  ) throws -> [String: String] {
    var files: [String: String] = [:]
    for place in try FileTree.files(in: folder, skipping: skipped, where: isWanted) {
      let stem = Path.stem(of: place)
      guard stem.hasSuffix(suffix), stem.count > suffix.count else { continue }
      let own = String(stem.dropLast(suffix.count))
      let name = place.contains("/") ? Path.join(Path.folder(of: place), own) : own
      let path = Path.join(folder, place)
      if let other = files.updateValue(path, forKey: name) {
        throw EvaluationDataError(
          "\(other) and \(path): two files of one name but for the extension; "
            + "remove one, or tell them apart with \(option)")
      }
    }
    return files
  }
}

/// Photos and labels that cannot be evaluated.
struct EvaluationDataError: ProgramError {
  let description: String
  let category: ErrorCategory

  init(_ description: String, category: ErrorCategory = .notFound) {
    (self.description, self.category) = (description, category)
  }
}
