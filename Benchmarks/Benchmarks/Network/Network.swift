import Benchmark
import SANCore
import SANInference

/// One benchmark: `prepare` takes what the measured closure needs from a workspace that outlives it.
private func measure(_ name: String, _ prepare: @escaping @Sendable (BenchmarkModel, Workspace) -> () -> Void)
{
  Benchmark(name) { benchmark in
    let workspace = Workspace(pool: ThreadPool())
    let body = prepare(.shared, workspace)
    body()  // packs the weights and fills the workspace
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations { workspace.scope(body) }
    benchmark.stopMeasurement()
    withExtendedLifetime(workspace) {}
  }
}

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .cpuTotal, .peakMemoryResident], maxDuration: .seconds(3), maxIterations: 50)

  measure("Linear 1700×240 to 960") { network, workspace in
    let layer = network.model.sideAdapter.blocks[0].fc1
    let x = BenchmarkModel.tokens(1700, 240, in: workspace)
    let y = workspace.matrix(1700, 960)
    return { layer(x, into: y, activation: .gelu, pool: workspace.pool) }
  }
  for (heads, tokens, width) in [(6, 1700, 40), (12, 401, 64)] {
    measure("Attention \(heads) heads, \(tokens) tokens of \(width)") { _, workspace in
      let channels = heads * width
      let qkv = BenchmarkModel.tokens(tokens, 3 * channels, in: workspace)
      let out = workspace.matrix(tokens, channels)
      return {
        Attention.attend(
          query: qkv.columns(0..<channels), key: qkv.columns(channels..<2 * channels),
          value: qkv.columns(2 * channels..<3 * channels), heads: heads, into: out, workspace: workspace)
      }
    }
  }
  measure("Norm 1700×240") { network, workspace in
    let norm = network.model.sideAdapter.blocks[0].norm1
    let x = BenchmarkModel.tokens(1700, 240, in: workspace)
    let y = workspace.matrix(1700, 240)
    return { norm(x, into: y, pool: workspace.pool) }
  }
  measure("Block of CLIP") { network, workspace in
    let x = BenchmarkModel.tokens(401, 768, in: workspace)
    return { network.model.extractor.blocks[0](x, workspace: workspace) }
  }
  measure("Block of the side network") { network, workspace in
    let x = BenchmarkModel.tokens(1700, 240, in: workspace)
    return { network.model.sideAdapter.blocks[0](x, workspace: workspace) }
  }

  measure("Stage: CLIP's first blocks") { network, workspace in
    let image = network.image(in: workspace)
    return { _ = network.model.extractor(image, workspace: workspace) { _, _, _ in } }
  }
  measure("Stage: side network") { network, workspace in
    let image = network.image(in: workspace)
    var features: [Int: Matrix] = [:]
    for layer in [0, 3, 6, 9] { features[layer] = BenchmarkModel.tokens(400, 768, in: workspace) }
    let grid = Grid(height: 20, width: 20)
    return { [features] in
      _ = network.model.sideAdapter(image, features: features, clipGrid: grid, workspace: workspace) { _, _ in
      }
    }
  }
  measure("Stage: mask decoder") { network, workspace in
    let queries = BenchmarkModel.tokens(100, 240, in: workspace)
    let patches = BenchmarkModel.tokens(1600, 240, in: workspace)
    let (masks, biases) = (workspace.matrix(100, 1600), workspace.matrix(1200, 1600))
    return {
      network.model.maskDecoder(
        queries: queries, patches: patches, grid: Grid(height: 40, width: 40), masks: masks, biases: biases,
        workspace: workspace)
    }
  }
  measure("Stage: recognition head") { network, workspace in
    let tokens = BenchmarkModel.tokens(401, 768, in: workspace)
    let bias = BenchmarkModel.tokens(1200, 400, in: workspace)
    return { _ = network.model.recognitionHead(tokens, bias: bias, queries: 100, workspace: workspace) }
  }
  measure("Stage: 84 prompts of 10 tokens") { network, workspace in
    let prompts = (0..<84).map {
      [Int32](arrayLiteral: 49406, 320, 1125, 539, 320, Int32($0), 7, 8, 269, 49407)
    }
    return { _ = try? network.model.textEncoder(prompts, workspace: workspace) }
  }
  measure("Scores of 171 classes, 640×480") { _, workspace in
    let scores = BenchmarkModel.scores()
    return { try? scores.forEachBand(workspace: workspace) { band, _ in blackHole(band.pointer[0]) } }
  }
  measure("Scores of the leading of 171 classes, 640×480") { _, workspace in
    let scores = BenchmarkModel.scores()
    return {
      try? scores.forEachLeadingStrip(workspace: workspace) { strip, _, _ in blackHole(strip.pointer[0]) }
    }
  }
  measure("Resize 4000×3000 to 853×640") { _, workspace in
    let pixels = [UInt8](unsafeUninitializedCapacity: 36_000_000) { buffer, count in
      for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
      count = buffer.count
    }
    guard let photo = try? RGBImage(width: 4000, height: 3000, pixels: pixels),
      let size = try? TargetSize(width: 853, height: 640)
    else { return {} }
    return {
      blackHole(
        try? photo.resized(to: size, filter: .bicubic) { count, body in
          workspace.pool.run(count) { part, _ in body(part) }
        })
    }
  }
}
