// swift-tools-version: 6.1
import PackageDescription

// Programs that use the library, each small enough to start from. A package of its own, as a user's would be.
let package = Package(
  name: "san-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "san", path: "..")],
  targets: ["one-photo", "folder-to-labels", "many-questions"].map {
    .executableTarget(
      name: $0,
      dependencies: [
        .product(name: "SANInference", package: "san"), .product(name: "SANExport", package: "san"),
      ],
      path: $0)
  },
  swiftLanguageModes: [.v6]
)
