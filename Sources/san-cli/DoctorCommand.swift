import ArgumentParser

/// `san-cli doctor`: whether everything is as it should be.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks at the program, the machine, folders and models, and gives advice.",
    discussion: "Exit status 0 where all is well, 78 where there is advice.")

  @Flag(help: "Print JSON. (default: off)")
  var json = false

  func run() throws {
    let examination = Examination()
    try Console.write(json ? DoctorCommand.json(examination) : DoctorCommand.text(examination))
    if !examination.problems.isEmpty { throw ProblemsFound(count: examination.problems.count) }
  }

  private static func text(_ examination: Examination) -> String {
    let width = examination.facts.map(\.name.count).max() ?? 0
    let lines = examination.facts.map { name, value in
      "\(name)\(String(repeating: " ", count: width - name.count))  \(value.printable)\n"
    }
    let advice = examination.problems.map { "problem: \($0.printable)\n" }
    let summary = advice.isEmpty ? "All is well.\n" : ""
    return lines.joined() + "\n" + advice.joined() + summary
  }

  private static func json(_ examination: Examination) -> String {
    JSONText.object([
      (
        "facts",
        .array(
          examination.facts.map { .object([("name", .string($0.name)), ("value", .string($0.value))]) })
      ),
      ("problems", .array(examination.problems.map(JSONText.string))),
    ]).text
  }
}

/// What sets the exit status when there is advice.
struct ProblemsFound: StatusError {
  let count: Int
  var description: String { count == 1 ? "1 problem found" : "\(count) problems found" }
  var status: Int32 { Failure.Status.configuration }
}
