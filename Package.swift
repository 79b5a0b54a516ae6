// swift-tools-version: 6.1
import PackageDescription

// `swift package generate-documentation` is for who works on this package: without it, packages that depend on this one
// resolve and fetch no plugin.
let documentation: [Package.Dependency] =
  Context.environment["SAN_DOCS"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let package = Package(
  name: "san",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "SANCore", targets: ["SANCore"]),
    .library(name: "SANInference", targets: ["SANInference"]),
    .library(name: "SANExport", targets: ["SANExport"]),
    .library(name: "SANWeights", targets: ["SANWeights"]),
    .library(name: "san", type: .dynamic, targets: ["SANC"]),
    .executable(name: "san-cli", targets: ["san-cli"]),
    .executable(name: "san-fetch", targets: ["san-fetch"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ] + documentation,
  targets: [
    // System libraries.
    .systemLibrary(
      name: "CJPEG", path: "Sources/CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CPNG", path: "Sources/CPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .target(name: "CImageCodecs", dependencies: ["CJPEG", "CPNG"]),
    // Structures alone, of libraries that are found at run time.
    .systemLibrary(name: "CFonts", path: "Sources/CFonts"),

    // Kernels for processors' vector units, chosen at run time beside portable Swift ones.
    .target(name: "CVectorKernels"),

    .target(name: "SANCore", dependencies: ["CVectorKernels"]),
    .target(name: "SANInference", dependencies: ["SANCore", "SANWeights", "CImageCodecs"]),
    // Results as files for other programs, pictures, and figures.
    .target(name: "SANExport", dependencies: ["CFonts", "SANCore", "SANInference", "SANWeights"]),
    .target(
      name: "SANWeights", path: "Weights", exclude: ["README.md"], resources: [.copy("Resources")]),
    // libsan: the same for C. CSAN is its header alone.
    .systemLibrary(name: "CSAN", path: "Sources/CSAN"),
    .target(name: "SANC", dependencies: ["CSAN", "SANCore", "SANInference", "SANExport", "SANWeights"]),
    .executableTarget(
      name: "san-cli",
      dependencies: [
        "SANCore", "SANInference", "SANExport", "SANWeights",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    // Downloads, apart from the rest: the network's libraries take longer to load than the program itself.
    .executableTarget(name: "san-fetch"),

    .target(name: "TestSupport", dependencies: ["SANCore"], path: "Tests/TestSupport"),
    .testTarget(name: "SANCoreTests", dependencies: ["SANCore", "SANWeights", "TestSupport"]),
    .testTarget(
      name: "SANInferenceTests", dependencies: ["SANInference", "SANCore", "SANWeights", "TestSupport"]),
    .testTarget(
      name: "SANExportTests", dependencies: ["SANExport", "SANInference", "SANCore", "TestSupport"]),
    .testTarget(
      name: "SANCTests",
      dependencies: ["SANC", "CSAN", "SANInference", "SANExport", "SANCore", "TestSupport"]),
    .testTarget(
      name: "CLITests",
      dependencies: ["SANInference", "SANExport", "SANCore", "TestSupport", "san-cli", "san-fetch"],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6]
)
