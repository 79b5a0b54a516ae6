// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that users of the library never resolve what benchmarks need.
let package = Package(
  name: "san-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "san", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "Network",
      dependencies: [
        .product(name: "SANCore", package: "san"), .product(name: "SANInference", package: "san"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Network",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ],
  swiftLanguageModes: [.v6]
)
