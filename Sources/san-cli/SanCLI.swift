import ArgumentParser

/// The program: its commands, and how each run ends.
@main
struct SanCLI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "san-cli",
    abstract: "Segments photos into classes that are named in words.",
    discussion: """
      The model is SAN, the Side Adapter Network on CLIP. It runs on the processor; no graphics card is needed.

      Exit status: 0 success; 64 wrong usage; 65 damaged or unsuitable data, or some of several images failed; 66 an \
      input file cannot be opened; 73 an output cannot be created; 74 reading or writing failed; 78 doctor has \
      advice; 130 stopped by Ctrl-C. Errors are one line on standard error.
      """,
    version: "0.1.0",
    subcommands: [
      SegmentCommand.self, EvalCommand.self, VocabulariesCommand.self, ConvertCommand.self, InfoCommand.self,
      BenchmarkCommand.self, ModelsCommand.self, DoctorCommand.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      // The parser ends --help and --version with an error too.
      if exitCode(for: error).isSuccess { exit(withError: error) }
      let failure = Failure(error)
      Console.writeError("san-cli: \(failure.line)")
      Failure.exit(failure.status)
    }
  }
}
