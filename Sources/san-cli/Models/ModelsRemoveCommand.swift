import ArgumentParser
import SANInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `san-cli models remove`: takes an installed model away.
struct ModelsRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Deletes an installed model.")

  @Argument(help: "The model's name.")
  var name: String

  func run() throws {
    let model = try InstalledModel(name)
    guard let path = model.entry?.path else {
      throw UsageError("<name>", "\(name) comes with the program and cannot be removed")
    }
    guard unlink(path) == 0 else {
      throw PlaceError(path: path, problem: "cannot be deleted: \(String(cString: strerror(errno)))")
    }
    unlink(ModelRecord.path(for: path))
  }
}
