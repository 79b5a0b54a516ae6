import ArgumentParser
import SANInference

/// `san-cli vocabularies`: the data sets' classes that come with the program.
struct VocabulariesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vocabularies",
    abstract: "Lists the data sets that --vocabulary knows, or one's classes.",
    discussion: """
      Without a name it lists the sets and how many classes each has. With one it prints that set's classes in their \
      order, one a line, as --classes-file reads them: san-cli vocabularies voc-20 > my.txt makes a file to edit.
      """)

  @Argument(
    help: ArgumentHelp("A set, such as voc-20. (default: list them)", valueName: "set"),
    completion: .list(Vocabularies.all))
  var name: String?

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func validate() throws {
    if let name, !Vocabularies.all.contains(name) {
      throw ValidationError("\(UnknownVocabularyError(name: name))")
    }
  }

  func run() throws {
    try Console.write(name.map(classes(of:)) ?? list())
  }

  private func list() throws -> String {
    let sets = try Vocabularies.all.map { (name: $0, count: try Vocabularies.names(of: $0).count) }
    if json {
      return JSONText.array(
        sets.map { .object([("name", .string($0.name)), ("classes", .integer($0.count))]) }
      ).text
    }
    var table = TextTable()
    table.add("vocabulary", "classes")
    for set in sets { table.add(set.name, "\(set.count)") }
    return table.text
  }

  private func classes(of set: String) throws -> String {
    let names = try Vocabularies.names(of: set)
    if json {
      return JSONText.object([("name", .string(set)), ("classes", .array(names.map { .string($0) }))]).text
    }
    return names.map { ClassesFile.line(of: $0) + "\n" }.joined()
  }
}
