import ArgumentParser
import SANCore
import SANInference
import SANWeights

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `san-cli models`: models by name.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "Lists, downloads, adds and checks models.",
    discussion: """
      Models are kept in the folder that the environment variable SAN_MODEL_DIR names, else in san/models of the \
      user's data folder. Wherever a command takes --model, an installed model's name does.
      """,
    subcommands: [
      ModelsListCommand.self, ModelsPathCommand.self, ModelsVerifyCommand.self, ModelsAddCommand.self,
      ModelsDownloadCommand.self, ModelsRemoveCommand.self,
    ],
    defaultSubcommand: ModelsListCommand.self)
}

/// `san-cli models path`: where a model's file is.
struct ModelsPathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path", abstract: "Prints the path of an installed model's file.")

  @Argument(help: "The model's name.", completion: ModelCompletion.names)
  var name: String

  func run() throws {
    try Console.write("\(InstalledModel(name).path)\n")
  }
}

/// `san-cli models remove`: takes an installed model away.
struct ModelsRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Deletes an installed model, and what a stopped download of it has left.")

  @Argument(help: "The model's name.", completion: ModelCompletion.names)
  var name: String

  func run() throws {
    let folders = ModelStore.standard.folders.filter { folder in
      ModelStore(folders: [folder]).model(name) != nil || ModelPart(of: name, in: folder) != nil
    }
    guard let folder = folders.first else {
      _ = try InstalledModel(name)
      throw UsageError("<name>", "\(name) comes with the program and cannot be removed")
    }
    try ModelLock.hold(name, in: folder) {
      // A .safetensors file hides a .pth file of the same name.
      while let model = ModelStore(folders: [folder]).model(name) {
        guard unlink(model.path) == 0 else {
          throw PlaceError(
            path: model.path, problem: "cannot be deleted: \(SystemError.text(errno))")
        }
        unlink(ModelRecord.path(for: model.path))
      }
      unlink(ModelInstaller.hiddenPath(of: name, in: folder))
      ModelPart(of: name, in: folder)?.remove()
    }
    if folders.count > 1 {
      Console.note("san-cli: note: \(folders[1]) has a model of this name too; the same command removes it")
    }
  }
}
