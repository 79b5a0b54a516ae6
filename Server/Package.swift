// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that users of the library never resolve what HTTP needs.
let package = Package(
  name: "san-server",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "san", path: ".."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(
      name: "SANServer",
      dependencies: [
        .product(name: "SANCore", package: "san"), .product(name: "SANInference", package: "san"),
        .product(name: "SANExport", package: "san"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.copy("Public"), .copy("openapi.json")]),
    .executableTarget(
      name: "san-server",
      dependencies: [
        "SANServer", .product(name: "SANWeights", package: "san"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(name: "SANServerTests", dependencies: ["SANServer"]),
  ],
  swiftLanguageModes: [.v6]
)
