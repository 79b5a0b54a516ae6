extension Argument {
  /// `--size pixels` or `image...`, as roff.
  fileprivate var title: String {
    let value = "\\fI\(roff(valueName ?? ""))\\fR" + (isRepeating && kind == "positional" ? "..." : "")
    let flags = (names ?? []).map { "\\fB\(roff($0.flag))\\fR" }.joined(separator: ", ")
    return kind == "positional" ? value : kind == "option" ? "\(flags) \(value)" : flags
  }
}

/// Text as roff prints it: no character of it is an instruction, and all are ASCII.
private func roff(_ text: String) -> String {
  var line = text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": line += "\\e"
    case "-": line += "\\-"
    case _ where scalar.isASCII: line.unicodeScalars.append(scalar)
    default:
      let digits = String(scalar.value, radix: 16, uppercase: true)
      line += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
    }
  }
  return line
}

/// Paragraphs of a text, which blank lines part.
private func paragraphs(_ text: String?, after macro: String) {
  for part in (text ?? "").components(separatedBy: "\n\n") where !part.isEmpty {
    print(macro)
    for line in part.split(separator: "\n") { print(roff(String(line))) }
  }
}

private func describe(_ arguments: [Argument]) {
  var section: String?
  for argument in arguments {
    if let title = argument.sectionTitle, title != section { print(".SS \"\(roff(title))\"") }
    section = argument.sectionTitle
    print(".TP\n\(argument.title)\n\(roff(argument.text))")
  }
}

/// A command's section, and those of its own commands.
private func describe(_ command: Command, path: String) {
  let name = "\(path) \(command.commandName)"
  let positional = command.ownArguments.filter { $0.kind == "positional" }
    .map { $0.isOptional ? "[\($0.title)]" : $0.title }
  let options = command.ownArguments.contains { $0.kind != "positional" } ? ["[\\fIoptions\\fR]"] : []
  // The words after the program's own: MODELS ADD.
  print(".SH \"\(roff(name.split(separator: " ").dropFirst().joined(separator: " ").uppercased()))\"")
  print((["\\fB\(roff(name))\\fR"] + positional + options).joined(separator: " "))
  paragraphs(command.abstract, after: ".PP")
  paragraphs(command.discussion, after: ".PP")
  describe(command.ownArguments)
  for subcommand in command.ownSubcommands { describe(subcommand, path: name) }
}

/// A section of names, each with what it is.
private func list(_ title: String, _ entries: [(name: String, text: String)]) {
  print(".SH \(title)")
  for entry in entries { print(".TP\n\\fB\(roff(entry.name))\\fR\n\(roff(entry.text))") }
}

/// A section of command lines, each after what it does.
private func examples(_ entries: [(text: String, command: String)]) {
  print(".SH EXAMPLES")
  for entry in entries { print(".PP\n\(roff(entry.text))\n.PP\n.nf\n.RS\n\(roff(entry.command))\n.RE\n.fi") }
}

/// Prints the manual page of `command`. Its help knows nothing of the environment and files: those sections, and the
/// examples, are here.
func printManual(_ command: Command, version: String) {
  let name = roff(command.commandName)
  print(
    ".TH \"\(name.uppercased())\" 1 \"\" \"\(name) \(roff(version))\""
  )
  print(".SH NAME\n\(name) \\- \(roff(command.abstract ?? ""))\n.SH SYNOPSIS")
  for subcommand in command.ownSubcommands {
    print("\\fB\(name) \(roff(subcommand.commandName))\\fR ...\n.br")
  }
  print("\\fB\(name)\\fR [\\fIcommand\\fR] \\fB\\-\\-help\\fR\n.br\n\\fB\(name) \\-\\-version\\fR")
  print(".SH DESCRIPTION")
  paragraphs(command.discussion, after: ".PP")
  for subcommand in command.ownSubcommands { describe(subcommand, path: command.commandName) }
  list(
    "ENVIRONMENT",
    [
      ("SAN_MODEL_DIR", "The folder for models: they are installed in it, and looked for in it first."),
      (
        "XDG_DATA_HOME",
        "Without SAN_MODEL_DIR, models are in san/models below this folder, an absolute path."
      ),
      ("XDG_CACHE_HOME", "Without --cache, class names' embeddings are in san below it, an absolute path."),
      ("SAN_KERNELS", "Vector kernels to compute with: avx512, avx2 or portable, in the place of the best."),
    ])
  list(
    "FILES",
    [
      (
        "~/.local/share/san/models",
        "Installed models, with a record of each; on macOS in ~/Library/Application Support."
      ),
      ("~/.cache/san", "Embeddings of class names, which may be deleted; on macOS in ~/Library/Caches."),
      ("PREFIX/share/san", "The embedded model, and other data that comes with the program."),
    ])
  examples([
    ("A photo, with its cats and dogs laid over it:", "san-cli segment photo.jpg --classes \"cat,dog\""),
    (
      "A folder with all below it, label maps beside the overlays; the same line goes on where it was stopped:",
      "san-cli segment photos --vocabulary coco-80 --output found --labels found --skip-existing"
    ),
    (
      "A released model, used by its name:",
      "san-cli models download san-vit-b16\nsan-cli segment photo.jpg --classes cat --model san-vit-b16"
    ),
    (
      "How right a model is:",
      "san-cli eval --images photos --labels maps --vocabulary ade20k-150 --label-offset 1"
    ),
  ])
}
