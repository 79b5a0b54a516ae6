extension SANConfiguration {
  /// The released model over CLIP ViT-B/16: 157,840,307 parameters.
  public static let vitB16 = SANConfiguration(
    name: "san-vit-b-16",
    clip: CLIP(
      image: CLIP.Image(width: 768, layers: 12, heads: 12, patchSize: 16, grid: Grid(height: 14, width: 14)),
      text: CLIP.Text(width: 512, layers: 12, heads: 8, contextLength: 77, vocabularySize: 49408),
      embedding: 512, resolutionScale: 0.5, extractorLayers: 9),
    sideAdapter: SideAdapter(
      width: 240, layers: 8, heads: 6, patchSize: 16, grid: Grid(height: 40, width: 40),
      fusion: [
        Fusion(clipLayer: 0, sideBlock: 0), Fusion(clipLayer: 3, sideBlock: 1),
        Fusion(clipLayer: 6, sideBlock: 2), Fusion(clipLayer: 9, sideBlock: 3),
      ],
      queries: 100),
    maskDecoder: MaskDecoder(channels: 256, mlpLayers: 3, biasHeads: 12, stride: 16),
    input: Input(shortSide: 640))

  /// The released model over CLIP ViT-L/14 at 336 pixels.
  public static let vitL14 = SANConfiguration(
    name: "san-vit-l-14",
    clip: CLIP(
      image: CLIP.Image(width: 1024, layers: 24, heads: 16, patchSize: 14, grid: Grid(height: 24, width: 24)),
      text: CLIP.Text(width: 768, layers: 12, heads: 12, contextLength: 77, vocabularySize: 49408),
      embedding: 768, resolutionScale: 0.7, extractorLayers: 18),
    sideAdapter: SideAdapter(
      width: 240, layers: 8, heads: 6, patchSize: 16, grid: Grid(height: 40, width: 40),
      fusion: [
        Fusion(clipLayer: 0, sideBlock: 0), Fusion(clipLayer: 6, sideBlock: 1),
        Fusion(clipLayer: 12, sideBlock: 2), Fusion(clipLayer: 18, sideBlock: 3),
      ], queries: 100),
    maskDecoder: MaskDecoder(channels: 256, mlpLayers: 3, biasHeads: 16, stride: 16),
    input: Input(shortSide: 640))
}
