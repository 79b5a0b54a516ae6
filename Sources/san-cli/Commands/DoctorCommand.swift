import ArgumentParser
import SANCore
import SANExport
import SANInference
import SANWeights

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
struct ProblemsFound: Error, CustomStringConvertible {
  let count: Int
  var description: String { count == 1 ? "1 problem found" : "\(count) problems found" }
}

/// What `doctor` finds: facts, and a line of advice for each problem.
struct Examination {
  private(set) var facts: [(name: String, value: String)] = []
  private(set) var problems: [String] = []

  /// Looks at everything.
  init() {
    build()
    processors()
    kernels()
    memory()
    embeddedModel()
    models()
    cache()
    variables()
  }

  private mutating func add(_ name: String, _ value: String) { facts.append((name, value)) }

  private mutating func build() {
    let kind = BuildInformation.isOptimised ? "optimised" : "debug"
    add(
      "program",
      "\(Program.version), \(kind) build by \(BuildInformation.compiler) for "
        + BuildInformation.architecture)
    if !BuildInformation.isOptimised {
      problems.append("a debug build runs about a hundred times slower; build with swift build -c release")
    }
    add("codecs", CodecVersions.description)
    add("fonts", SystemFonts.description)
    add("videos", FFmpeg.installed.map { $0.ffmpeg } ?? "ffmpeg not found: \(FFmpeg.advice)")
    add("downloads", Fetch.isInstalled ? "san-fetch is there" : "san-fetch is missing")
    if !Fetch.isInstalled {
      problems.append("san-fetch, which downloads models, is not beside san-cli; install it there")
    }
  }

  private mutating func processors() {
    let limits = SystemLimits()
    let time = limits.processorTime
    let limited = time.map { ", limited to the time of \($0.fixed(2))" } ?? ""
    let threads = ThreadPool.processorCount
    let used = threads == 1 ? "1 thread is used" : "\(threads) threads are used"
    add("processors", "\(limits.processors)\(limited); \(used) by default")
  }

  private mutating func kernels() {
    let available = KernelSet.available.map(\.description)
    add("kernels", "\(KernelSet.current) of \(available.joined(separator: ", "))")
    let missing = Precision.allCases.filter { !$0.isOffered }.map {
      "; not \($0.rawValue), which takes \($0.instructions ?? "another processor")"
    }
    add("precisions", Precision.offered.map(\.rawValue).joined(separator: ", ") + missing.joined())
    if let wanted = KernelSet.wanted, !available.contains(wanted) {
      problems.append(
        "SAN_KERNELS is \"\(wanted)\"; this machine has \(available.joined(separator: ", ")); "
          + "\(KernelSet.current) is used")
    }
    #if arch(x86_64)
      if available.count == 1 {
        problems.append(
          "this processor has no AVX2; everything works, but several times slower than on one that has")
      }
    #endif
  }

  private mutating func memory() {
    let limits = SystemLimits()
    guard let memory = limits.memory, let free = limits.freeMemory else {
      return add("memory", "unknown")
    }
    add("memory", "\(memory.megabytes), of which \(free.megabytes) are free")
    if free < 1_000_000_000 {
      problems.append(
        "\(free.megabytes) of memory are free; SAN ViT-B/16 takes up to 800 MB: end other programs, or use "
          + SANWeights.defaultModel)
    }
  }

  private mutating func embeddedModel() {
    let name = SANWeights.defaultModel
    do {
      let path = try SANWeights.modelPath()
      let expected = try InstalledModel.embeddedDigest()
      guard try FileDigest.sha256(ofFileAt: path) == expected else {
        add(name, "\(path) is damaged")
        return problems.append(
          "\(path): its SHA-256 is not the one that came with it; install the program again")
      }
      // A name's tokens, since the merges are read when they are first needed.
      _ = try Segmenter(threads: 1).tokenCount(of: name, templates: .plain)
      add(name, "\(path): its SHA-256 is right, and it loads")
    } catch {
      add(name, "cannot be used")
      problems.append("\(name): \(error)")
    }
  }

  private mutating func models() {
    let store = ModelStore.standard
    if store.folders.isEmpty {
      add("models", "no folder")
      problems.append("there is no home folder to keep models in; set SAN_MODEL_DIR to a folder")
    }
    for (index, folder) in store.folders.enumerated() {
      let state = FolderState(folder)
      add("models", "\(folder): \(state.rawValue)")
      problems += ModelLeftovers.advice(on: folder)
      // Models go to the first folder; where the others cannot be used, nothing is missing.
      guard index == 0 else { continue }
      switch state {
      case .unusable:
        problems.append("\(folder): is no folder and cannot be made one; set SAN_MODEL_DIR to another folder")
      case .readOnly where folder != ModelStore.variableFolder:
        problems.append("\(folder): may not be written to; set SAN_MODEL_DIR to a folder for models")
      default: break
      }
    }
    var names: [String] = []
    for model in store.models {
      names.append(model.name)
      do {
        _ = try Checkpoint.open(path: model.path)
        guard let record = try ModelRecord(of: model) else { continue }
        if FileStatus(model.path)?.byteCount != record.byteCount {
          problems.append(
            "\(model.name): \(model.path): is not what was installed; add or download it again, which "
              + "replaces it")
        }
      } catch let error as RecordError {
        problems.append("\(model.name): \(error)")
      } catch {
        problems.append("\(model.name): \(error); \"san-cli models remove \(model.name)\" takes it away")
      }
    }
    add("installed", names.isEmpty ? "none" : names.joined(separator: ", "))
  }

  private mutating func cache() {
    guard let folder = TextCache.userFolder else {
      add("cache", "no folder")
      return problems.append(
        "there is no home folder to keep embeddings in; set XDG_CACHE_HOME, or give --cache")
    }
    let state = FolderState(folder)
    add("cache", "\(folder): \(state.rawValue)")
    if state == .unusable || state == .readOnly {
      problems.append(
        "\(folder): embeddings of class names cannot be kept there; give --cache another folder, or --no-cache"
      )
    }
  }

  private mutating func variables() {
    let known = ["SAN_KERNELS", "SAN_MODEL_DIR"]
    let found = ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("SAN_") }
    for (name, value) in found.sorted(by: { $0.key < $1.key }) {
      add("variable", "\(name)=\(value)\(known.contains(name) ? "" : ", which this program does not know")")
    }
  }
}
