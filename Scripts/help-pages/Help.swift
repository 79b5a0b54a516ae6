import Foundation

struct Tool: Decodable {
  let serializationVersion: Int
  let command: Command
}

struct Command: Decodable {
  let commandName: String
  let abstract, discussion: String?
  let arguments: [Argument]?
  let subcommands: [Command]?

  /// Subcommands that have options of their own.
  var ownSubcommands: [Command] { (subcommands ?? []).filter { $0.commandName != "help" } }

  /// Arguments and options, without those that every command has.
  var ownArguments: [Argument] {
    (arguments ?? []).filter { $0.shouldDisplay && !["help", "version"].contains($0.preferredName?.name) }
  }
}

struct Argument: Decodable {
  struct Name: Decodable {
    let kind, name: String
    var flag: String { kind == "long" ? "--\(name)" : "-\(name)" }
  }

  let kind: String
  let shouldDisplay, isOptional, isRepeating: Bool
  let names: [Name]?
  let preferredName: Name?
  let valueName, defaultValue, abstract, sectionTitle: String?
  let allValues: [String]?

  /// The help text, with what `--help` adds to it.
  var text: String {
    let values = allValues.map { "values: \($0.joined(separator: ", "))" }
    let added = [values, defaultValue.map { "default: \($0)" }].compactMap(\.self)
    return added.isEmpty ? abstract ?? "" : "\(abstract ?? "") (\(added.joined(separator: "; ")))"
  }
}

/// What `program` prints when it is given `argument`.
func output(of program: String, _ argument: String) throws -> Data {
  let process = Process()
  (process.executableURL, process.arguments) = (URL(fileURLWithPath: program), [argument])
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
  return data
}
