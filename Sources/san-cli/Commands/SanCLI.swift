import ArgumentParser

/// The program: its commands, and how each run ends.
@main
struct SanCLI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Segments photos into classes that are named in words.",
    discussion: """
      The model is SAN, the Side Adapter Network on CLIP. It runs on the processor; no graphics card is needed.

      Exit status: 0 success; 64 wrong usage; 65 damaged or unsuitable data, or some of several images failed; 66 an \
      input file cannot be opened; 73 an output cannot be created; 74 reading or writing failed; 78 doctor has \
      advice; 130 stopped by Ctrl-C. Errors are one line on standard error.
      """,
    version: Program.version,
    subcommands: [
      SegmentCommand.self, ReportCommand.self, EvalCommand.self, VocabulariesCommand.self,
      ConvertCommand.self, InfoCommand.self,
      BenchmarkCommand.self, ModelsCommand.self, DoctorCommand.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot(CommandLine.arguments.dropFirst().map(Path.local))
      try command.run()
    } catch {
      // The parser ends --help and --version with an error too.
      if exitCode(for: error).isSuccess { exit(withError: error) }
      let isUsage = exitCode(for: error) == .validationFailure
      let failure = isUsage ? Failure(usage: usageText(line(message(for: error)))) : Failure(error)
      Console.writeError("san-cli: \(failure.line)")
      // doctor's advice has a status of its own.
      Failure.exit(error is ProblemsFound ? 78 : failure.status)
    }
  }

  /// What the parser says of the command line, and the way out.
  private static func usageText(_ message: String) -> String {
    let arguments = CommandLine.arguments.dropFirst()
    let command = CalledCommand(arguments)
    let help = "(see \(command.words.joined(separator: " ")) --help)"
    if let unknown = command.unknown {
      return "\(unknown): is no command; those are \(command.choices.joined(separator: ", ")) \(help)"
    }
    let strays = CalledCommand.namesBehindClasses(Array(arguments))
    if let stray = strays.first, message.contains("'\(stray)'") {
      return "--classes: \"\(stray)\" after it is no option's value; \(CalledCommand.commas(strays)) \(help)"
    }
    // A file whose name starts as an option does.
    let files = arguments.filter { $0.hasPrefix("-") && $0 != "-" && FileStatus($0) != nil }
    if let file = files.first(where: { message.contains("'\($0)'") }) {
      return "\(message); the file of this name is ./\(file) \(help)"
    }
    return "\(message) \(help)"
  }

  /// The parser's message, some of which have several lines.
  private static func line(_ message: String) -> String {
    message.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
  }
}

/// The command that a command line calls, as far as it names one.
struct CalledCommand {
  /// Its words, the program's name first.
  private(set) var words = ["san-cli"]
  /// What stands where a command is expected and is none.
  private(set) var unknown: String?
  /// The commands that could stand there.
  private(set) var choices: [String] = []

  init(_ arguments: some Sequence<String>) {
    var command: any ParsableCommand.Type = SanCLI.self
    for argument in arguments {
      let commands = command.configuration.subcommands
      guard !commands.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return }
      guard let next = commands.first(where: { $0.configuration.commandName == argument }) else {
        (unknown, choices) = (argument, commands.compactMap { $0.configuration.commandName })
        return
      }
      command = next
      words.append(argument)
    }
  }

  /// What stands behind the value of `--classes`, where it is neither a file nor named as a picture: class names without a
  /// comma between them.
  static func namesBehindClasses(_ arguments: [String]) -> [String] {
    guard
      let start = arguments.firstIndex(where: { $0 == "--classes" || $0.hasPrefix("--classes=") })
    else { return [] }
    let behind = arguments[(start + 1)...].dropFirst(arguments[start] == "--classes" ? 1 : 0)
    return behind.prefix { !$0.hasPrefix("-") }.filter {
      FileStatus($0) == nil && GlobPattern($0) == nil && !$0.contains("/") && !PictureFile.hasPictureName($0)
    }
  }

  /// How class names are written, with these as the example.
  static func commas(_ names: [String]) -> String {
    "classes are separated by commas: --classes \"…,\(names.joined(separator: ","))\""
  }
}
