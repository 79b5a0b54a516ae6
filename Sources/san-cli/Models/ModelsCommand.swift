import ArgumentParser

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
