import Foundation
import XCTest

/// The built `san-cli`, run as its users run it.
enum Program {
  /// How a run ended.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    /// What standard error holds, a line an element.
    var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
  }

  /// The program beside the test bundle.
  static let url: URL = {
    let bundle =
      Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
      ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent("san-cli")
  }()

  /// Starts the program in `folder`.
  ///
  /// - Parameters:
  ///   - input: what standard input has.
  ///   - output: where standard output goes; kept for ``Outcome`` where it is nil.
  ///   - shell: a script that runs the program, as `"$0" "$@"`.
  ///   - environment: variables beside those of the tests.
  static func start(
    _ arguments: [String], in folder: URL, input: URL? = nil, output: URL? = nil, shell: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Running {
    let process = Process()
    process.currentDirectoryURL = folder
    let logs = FileManager.default.temporaryDirectory.appendingPathComponent("san-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
    // Help is as wide as the terminal; a snapshot needs one width. The user's own cache and models are left alone.
    process.environment = ProcessInfo.processInfo.environment.merging([
      "COLUMNS": "80", "XDG_CACHE_HOME": logs.path, "XDG_DATA_HOME": logs.path, "SAN_MODEL_DIR": "",
    ]) { $1 }.merging(environment) { $1 }
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", shell, url.path] + arguments
    } else {
      process.executableURL = url
      process.arguments = arguments
    }
    let outputURL = output ?? logs.appendingPathComponent("output")
    let errorURL = logs.appendingPathComponent("errors")
    for file in output == nil ? [outputURL, errorURL] : [errorURL] { try Data().write(to: file) }
    process.standardInput = try input.map(FileHandle.init(forReadingFrom:)) ?? FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: outputURL)
    process.standardError = try FileHandle(forWritingTo: errorURL)
    try process.run()
    return Running(process: process, logs: logs)
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], in folder: URL, input: URL? = nil, output: URL? = nil, shell: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Outcome {
    try start(
      arguments, in: folder, input: input, output: output, shell: shell, environment: environment
    ).wait()
  }

  /// A run that has not ended yet.
  struct Running {
    let process: Process
    let logs: URL

    /// Waits for the end and takes what was written.
    func wait() throws -> Outcome {
      process.waitUntilExit()
      defer { try? FileManager.default.removeItem(at: logs) }
      // A trap shows as an uncaught signal, which no expected status equals.
      let crashed = process.terminationReason == .uncaughtSignal
      func text(_ name: String) -> String {
        let data = (try? Data(contentsOf: logs.appendingPathComponent(name))) ?? Data()
        return String(decoding: data, as: UTF8.self)
      }
      return Outcome(
        status: crashed ? -process.terminationStatus : process.terminationStatus, output: text("output"),
        errors: text("errors"))
    }
  }
}

/// A folder that lives as long as a test.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("san-cli-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The file `name` in it.
  subscript(name: String) -> URL { url.appendingPathComponent(name) }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws { try Data(bytes).write(to: self[name]) }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: self[name])) }

  /// All files below it, by name, hidden ones too.
  func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: url.path) {
      contents[name] = (try? Data(contentsOf: self[name])).map(Array.init) ?? []
    }
    return contents
  }
}
