import ArgumentParser

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
}
