import Foundation
import SANCore
import TestSupport
import XCTest

/// `doctor` where all is well as far as this machine goes, and where something is wrong.
final class DoctorTests: XCTestCase {
  private struct Findings {
    var facts: [String: [String]] = [:]
    var problems: [String] = []
  }

  private func examine(
    in folder: Scratch, environment: [String: String] = [:], line: UInt = #line
  ) throws -> Findings {
    let outcome = try Program.run(["doctor", "--json"], in: folder.url, environment: environment)
    let json = try Array(outcome.output.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    guard case .array(let facts) = json["facts"], case .array(let problems) = json["problems"] else {
      XCTFail(outcome.output, line: line)
      return Findings()
    }
    var findings = Findings()
    for fact in facts {
      guard case .string(let name) = fact["name"], case .string(let value) = fact["value"] else { continue }
      findings.facts[name, default: []].append(value)
    }
    findings.problems = problems.compactMap { if case .string(let text) = $0 { text } else { nil } }
    XCTAssertEqual(findings.problems.count, problems.count, line: line)
    XCTAssertEqual(outcome.status, problems.isEmpty ? 0 : 78, outcome.errors, line: line)
    XCTAssertEqual(outcome.errorLines.count, problems.isEmpty ? 0 : 1, outcome.errors, line: line)
    return findings
  }

  func testFacts() throws {
    let folder = try Scratch()
    let findings = try examine(in: folder)
    for name in [
      "program", "codecs", "fonts", "downloads", "processors", "kernels", "precisions", "memory", "san-mini",
      "models",
      "installed",
      "cache",
    ] { XCTAssertEqual(findings.facts[name]?.count, 1, name) }
    XCTAssert(findings.facts["program"]![0].contains(/optimised build by Swift 6\.\d/))
    XCTAssert(findings.facts["codecs"]![0].contains(/libjpeg.* \d+.*, libpng 1\.\d+/))
    for library in ["libwebp", "libheif", "libtiff"] {
      XCTAssert(
        findings.facts["codecs"]![0].contains(
          try Regex("\(library) (\\d+\\.\\d+|not found, for .*apt install)")))
    }
    XCTAssert(
      findings.facts["fonts"]![0].contains(
        /libfreetype (2\.\d+|not found, for .*apt install).*, libfontconfig (2\.\d+|not found)/))
    XCTAssert(findings.facts["kernels"]![0].hasPrefix(KernelSet.current.description))
    XCTAssert(findings.facts["san-mini"]![0].hasSuffix("its SHA-256 is right, and it loads"))
    XCTAssertEqual(findings.facts["downloads"], ["san-fetch is there"])
    #if os(Linux)
      XCTAssert(findings.facts["memory"]![0].contains(/\d+\.\d MB, of which \d+\.\d MB are free/))
    #endif
    let text = try Program.run(["doctor"], in: folder.url).output
    XCTAssert(text.contains(/\nkernels +/), text)
    XCTAssertEqual(text.contains("All is well."), findings.problems.isEmpty, text)
  }

  /// Each thing that is wrong adds one line of advice to what this machine has anyway.
  func testProblems() throws {
    let folder = try Scratch()
    try folder.write([], to: "file")
    try FileManager.default.createDirectory(at: folder["models"], withIntermediateDirectories: true)
    try folder.write(Array("hello".utf8), to: "models/broken.safetensors")
    let usual = try examine(in: folder).problems
    for (variable, value, words) in [
      ("SAN_KERNELS", "fast", ["SAN_KERNELS", "\"fast\"", KernelSet.current.description]),
      ("SAN_MODEL_DIR", folder["file"].path, [folder["file"].path, "is no folder"]),
      ("SAN_MODEL_DIR", folder["models"].path, ["broken: ", "san-cli models remove broken"]),
      ("XDG_CACHE_HOME", folder["file"].path, [folder["file"].path, "--cache"]),
      ("XDG_DATA_HOME", folder["file"].path, [folder["file"].path, "SAN_MODEL_DIR"]),
    ] {
      let findings = try examine(in: folder, environment: [variable: value])
      let added = findings.problems.filter { !usual.contains($0) }
      XCTAssertEqual(added.count, 1, "\(variable)=\(value): \(findings.problems)")
      for word in words { XCTAssert(added.first?.contains(word) == true, "\(word): \(added)") }
    }
  }

  /// A folder that is made when it is needed is no problem, nor one that nothing goes to.
  func testFoldersThatAreNotNeeded() throws {
    let folder = try Scratch()
    try folder.write([], to: "file")
    let usual = try examine(in: folder).problems
    let environment = ["SAN_MODEL_DIR": folder["missing"].path, "XDG_DATA_HOME": folder["file"].path]
    let findings = try examine(in: folder, environment: environment)
    XCTAssertEqual(findings.problems.filter { !usual.contains($0) }, [])
    XCTAssertEqual(findings.facts["models"]?.first, "\(folder["missing"].path): made when needed")
  }

  func testRecordsAndLeftovers() throws {
    let folder = try Scratch()
    let environment = ["SAN_MODEL_DIR": folder.url.path]
    for name in ["a", "b"] {
      let arguments = ["models", "add", Fixture.url("mmseg/micro.pth").path, "--name", name]
      XCTAssertEqual(try Program.run(arguments, in: folder.url, environment: environment).status, 0)
    }
    let usual = try examine(in: folder, environment: environment).problems
    try folder.write(Array("{}".utf8), to: "a.safetensors.json")
    try folder.write(try folder.bytes("b.safetensors") + [0], to: "b.safetensors")
    try folder.write([], to: ".c.safetensors")
    // No system has a process of this number.
    try folder.write([], to: ".san-2147483647-1-0.tmp")
    try folder.write([], to: ".san-\(getpid())-1-0.tmp")
    let added = try examine(in: folder, environment: environment).problems.filter { !usual.contains($0) }
    XCTAssertEqual(added.count, 3, "\(added)")
    XCTAssert(added[0].contains(": .c.safetensors, .san-2147483647-1-0.tmp: left by"), added[0])
    XCTAssert(added[1].hasPrefix("a: ") && added[1].contains("a.safetensors.json"), added[1])
    XCTAssert(added[2].hasPrefix("b: "), added[2])
  }

  /// The default is a thread for each processor that the process may run on, not for each that there is.
  func testProcessorsThatAreTakenAway() throws {
    #if os(Linux)
      let taskset = ["/usr/bin/taskset", "/bin/taskset"].first(where: FileManager.default.isExecutableFile)
      guard let taskset else { throw XCTSkip("there is no taskset") }
      let script = """
        cpu=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/self/status)
        exec \(taskset) -c "$cpu" "$0" "$@"
        """
      let folder = try Scratch()
      let outcome = try Program.run(["doctor"], in: folder.url, shell: script)
      XCTAssert(outcome.output.contains(/\nprocessors +1[,;]/), outcome.output + outcome.errors)
    #endif
  }

  func testVariablesAreShown() throws {
    let findings = try examine(in: Scratch(), environment: ["SAN_MODELDIR": "a", "SAN_KERNELS": "portable"])
    XCTAssert(findings.facts["variable"]?.contains("SAN_KERNELS=portable") == true)
    XCTAssert(
      findings.facts["variable"]?.contains("SAN_MODELDIR=a, which this program does not know") == true)
    XCTAssert(findings.facts["kernels"]![0].hasPrefix("portable"))
  }
}
