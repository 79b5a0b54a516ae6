import ArgumentParser
import SANCore
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
