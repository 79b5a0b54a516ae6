/// The images of a run and where the outputs of each go, checked before any work is done.
struct BatchPlan {
  /// An image and its outputs.
  struct Item: Sendable {
    /// The path that it is read from.
    let path: String
    /// Its own name below the output folders.
    let name: String
    let plan: OutputPlan
  }

  /// In the order of the inputs.
  let items: [Item]

  init(_ setup: RunSetup) throws {
    let options = setup.command.output
    let folders = options.folders
    for folder in folders { try BatchPlan.check(folder, inputs: setup.command.input.inputs.folders) }
    let outputFolders = folders.compactMap { FileStatus($0.path)?.identity }
    Console.show("looking for images")
    let images = try setup.command.input.inputs.images(skipping: Set(outputFolders))
    let names = OutputNames.names(for: images.map(\.place))
    items = zip(images, names).map { image, name in
      Item(path: image.path, name: name, plan: OutputPlan(options, name: name))
    }
    try checkOutputs(inputs: setup.files)
  }

  private static func check(_ folder: OutputFolder, inputs: [String]) throws {
    guard folder.path != "-" else {
      throw UsageError(folder.option, "several photos do not go to standard output; name a folder")
    }
    if FileStatus(folder.path) == nil,
      ["png", "json", "npy"].contains(where: { Path.has(folder.path, extension: $0) })
    {
      throw UsageError(
        folder.option, "\(folder.path) is a name for a file, but there are several photos; name a folder")
    }
    try folder.requireWritable()
    for input in inputs where FileIdentity(input) == FileIdentity(folder.path) {
      throw UsageError(
        folder.option,
        "\(folder.path) is an input too, and the next run would take what is written for photos; name another folder"
      )
    }
  }

  /// Checks that no two outputs are one file and none is an input.
  private func checkOutputs(inputs: [String]) throws {
    var read: [FileIdentity: String] = [:]
    for path in inputs + items.map(\.path) {
      if let status = FileStatus(path) { read[status.identity] = path }
    }
    // A folder of masks holds nothing else.
    var maskFolders: [[UInt8]: Item] = [:]
    for item in items {
      if let folder = item.plan.maskFolder { maskFolders[Array(folder.utf8)] = item }
    }
    var taken: [[UInt8]: Item] = [:]
    for item in items {
      for file in item.plan.files {
        if let status = FileStatus(file.path), let input = read[status.identity] {
          throw UsageError(file.option, "\(file.path) is the input \(input); name another folder")
        }
        let folder = Array(Path.folder(of: file.path).utf8)
        if let other = taken.updateValue(item, forKey: Array(file.path.utf8)) ?? maskFolders[folder] {
          throw UsageError(
            file.option,
            "\(file.path) would be an output of both \(other.path) and \(item.path); name a folder for each option"
          )
        }
      }
    }
  }
}
