import SANInference

/// The images of a run and where the outputs of each go, checked before any work is done.
struct BatchPlan {
  /// An image and its outputs.
  struct Item: Sendable {
    /// Its place in the whole job, from 1.
    let number: Int
    /// The path that it is read from.
    let path: String
    /// Its path below the folder that all images have in common.
    let place: String
    /// Its own name below the output folders.
    let name: String
    let plan: OutputPlan

    /// Checks that the system takes the outputs' names.
    func requireShortName() throws {
      for path in plan.paths where Path.name(of: path).utf8.count > 255 {
        throw LongNameError(path: self.path)
      }
    }
  }

  /// In the order of the inputs: the shard's part of them where there is one.
  let items: [Item]
  /// Folders below those that were named in which images may be that nobody can see.
  let unreadableFolders: Int

  init(_ setup: RunSetup) throws {
    let output = setup.options.output
    let folders = output.folders
    try setup.reportFile?.requireWritable()
    if setup.options.batch.skipExisting, setup.recordFolders.isEmpty {
      throw UsageError("--skip-existing", "no output is written that could be there already; name one")
    }
    try setup.checkDataSet()
    try setup.checkYOLONames()
    for folder in folders {
      try BatchPlan.check(
        folder, inputs: setup.options.input.inputs.folders, because: setup.options.severalBecause)
    }
    let outputFolders = folders.filter { !$0.isAmongPhotos }.compactMap { FileStatus($0.path)?.identity }
    Console.show("looking for images")
    let (images, leftOut) = try setup.options.input.inputs.images(skipping: Set(outputFolders))
    for line in leftOut.lines { Console.note("left out: \(line)") }
    for error in leftOut.unreadable { Console.writeError("san-cli: \(Failure(error).line)") }
    unreadableFolders = leftOut.unreadable.count
    let names = OutputNames.names(for: images.map(\.place))
    let all = zip(images, names).enumerated().map { index, image in
      Item(
        number: index + 1, path: image.0.path, place: image.0.place, name: image.1,
        plan: OutputPlan(output, name: image.1, image: image.0.path))
    }
    // All parts of a job see the same names, and the same clashes.
    let common = [setup.reportFile, setup.dataSetFile].compactMap { $0 }
    try BatchPlan.checkOutputs(of: all, inputs: setup.files, common: common)
    let shard = setup.options.batch.shard
    items = all.enumerated().filter { shard?.contains($0.offset) ?? true }.map(\.element)
  }

  /// - Parameter reason: why there may be several images, to be told where that is not wanted.
  private static func check(_ folder: OutputFolder, inputs: [String], because reason: String) throws {
    guard folder.path != "-" else {
      throw UsageError(
        folder.option, "several photos do not go to standard output, and \(reason); name a folder")
    }
    if FileStatus(folder.path) == nil,
      ["png", "jpg", "jpeg", "webp", "json", "npy", "npz"].contains(where: {
        Path.has(folder.path, extension: $0)
      })
    {
      throw UsageError(
        folder.option, "\(folder.path) is a name for a file, but \(reason); name a folder")
    }
    try folder.requireWritable()
    for input in inputs where !folder.isAmongPhotos && FileIdentity(input) == FileIdentity(folder.path) {
      throw UsageError(
        folder.option,
        "\(folder.path) is an input too, and the next run would take what is written for photos; name another folder"
      )
    }
  }

  /// Checks that no two outputs are one file and none is an input.
  ///
  /// - Parameter common: files that are made of all images together.
  private static func checkOutputs(of items: [Item], inputs: [String], common: [OutputFile]) throws {
    var read: [FileIdentity: String] = [:]
    for path in inputs + items.map(\.path) {
      if let status = FileStatus(path) { read[status.identity] = path }
    }
    try OutputFile.requireDistinct(common, inputs: inputs + items.map(\.path))
    // A folder of masks holds nothing else.
    var maskFolders: [String: Item] = [:]
    for item in items {
      if let folder = item.plan.maskFolder { maskFolders[Path.key(folder)] = item }
    }
    var taken: [String: Item] = [:]
    for item in items {
      for file in item.plan.files {
        if let status = FileStatus(file.path), let input = read[status.identity] {
          throw UsageError(file.option, "\(file.path) is the input \(input); name another folder")
        }
        for other in common where Path.key(Path.name(of: file.path)) == Path.key(Path.name(of: other.path)) {
          try OutputFile.requireDistinct([file, other], inputs: [])
        }
        let folder = Path.key(Path.folder(of: file.path))
        if let other = taken.updateValue(item, forKey: Path.key(file.path)) ?? maskFolders[folder] {
          throw UsageError(
            file.option,
            "\(file.path) would be an output of both \(other.path) and \(item.path); name a folder for each option"
          )
        }
      }
    }
  }
}

/// An image whose outputs would have names that no file system takes.
struct LongNameError: ProgramError {
  let path: String
  var description: String { "\(path): its name is too long for those of its outputs; give it a shorter one" }
  var category: ErrorCategory { .damaged }
}

/// The names of several photos' outputs.
enum OutputNames {
  /// A name for each place, no two of which are one on any disk (``Path/key(_:)``): the place without its extension, such as
  /// `june/photo`; with it, `june/photo.jpg`, where several places would have the same; and with a number,
  /// `june/photo.jpg-2`, where that is not enough. Depends on the places alone.
  ///
  /// - Parameter places: paths that differ.
  static func names(for places: [String]) -> [String] {
    var isWhole = [Bool](repeating: false, count: places.count)
    var names: [String] = []
    var changed = true
    // Each round that is not the last gives at least one name its extension.
    while changed {
      changed = false
      names = zip(places, isWhole).map { $1 ? $0 : withoutExtension($0) }
      var first: [String: Int] = [:]
      for (index, name) in names.enumerated() {
        guard let other = first.updateValue(index, forKey: Path.key(name)) else { continue }
        for index in [index, other] where !isWhole[index] { (isWhole[index], changed) = (true, true) }
      }
    }
    return numbered(names)
  }

  /// Adds numbers to names that stand for one file with a name before them.
  private static func numbered(_ names: [String]) -> [String] {
    var names = names
    var taken = Set(names.map(Path.key))
    var seen: Set<String> = []
    for index in names.indices where !seen.insert(Path.key(names[index])).inserted {
      var number = 2
      while !taken.insert(Path.key("\(names[index])-\(number)")).inserted { number += 1 }
      names[index] += "-\(number)"
    }
    return names
  }

  private static func withoutExtension(_ place: String) -> String {
    let stem = Path.stem(of: place)
    return place.contains("/") ? Path.join(Path.folder(of: place), stem) : stem
  }
}
