extension Argument {
  /// `--size <pixels>` or `<image> ...`, as Markdown.
  fileprivate var title: String {
    let value = valueName.map { "<\($0)>" } ?? ""
    let flags = (names ?? []).map(\.flag).joined(separator: ", ")
    let text =
      kind == "positional"
      ? value + (isRepeating ? " ..." : "") : kind == "option" ? "\(flags) \(value)" : flags
    return "`\(text.replacing("|", with: "\\|"))`"
  }
}

/// Text in which no character is an instruction of Markdown's.
private func markdown(_ text: String) -> String {
  var line = ""
  for character in text {
    if "\\`*_<>|[]#".contains(character) { line.append("\\") }
    line.append(character)
  }
  return line.split(separator: "\n").joined(separator: " ")
}

private func describe(_ command: Command, path: String) {
  let name = "\(path) \(command.commandName)"
  print("\n## \(name)\n\n\(markdown(command.abstract ?? ""))")
  for part in (command.discussion ?? "").split(separator: "\n\n") { print("\n\(markdown(String(part)))") }
  var section: String??
  for argument in command.ownArguments {
    if section != .some(argument.sectionTitle) {
      print("\n| \(argument.sectionTitle?.lowercased() ?? "") | |\n|---|---|")
      section = .some(argument.sectionTitle)
    }
    print("| \(argument.title) | \(markdown(argument.text)) |")
  }
  for subcommand in command.ownSubcommands { describe(subcommand, path: name) }
}

/// Prints a page of all commands and options.
func printReference(_ command: Command) {
  print(
    """
    # \(command.commandName)

    All commands and options, as `\(command.commandName) help` tells them. `Scripts/make-reference` makes this page: change the
    help, not the page.

    \(markdown(command.abstract ?? ""))
    """)
  for part in (command.discussion ?? "").split(separator: "\n\n") { print("\n\(markdown(String(part)))") }
  for subcommand in command.ownSubcommands { describe(subcommand, path: command.commandName) }
}
