/// The colours of classes: a class's colour depends on its index and on nothing else.
public enum Palette {
  /// The colour of what is none of the user's classes.
  public static let other = RGBColor(0x808080)

  /// The colour of the class at `index`, counted from 0. Precondition: not negative.
  ///
  /// The first twenty are chosen by hand: strong on photos, and of unlike lightness where people with a
  /// colour vision deficiency see like hues. The next twenty are those that lie farthest from all before
  /// them in CIELAB, of lightness 30 to 90 and chroma 20 to 100: any two of the forty are 28 apart. From
  /// there on the hue goes round by the golden ratio, which keeps any run of neighbours apart, in steps of
  /// lightness and saturation.
  public static func color(of index: Int) -> RGBColor {
    precondition(index >= 0, "an index counts from 0")
    return index < chosen.count ? chosen[index] : walk(index)
  }

  private static let chosen: [RGBColor] = [
    0xE0243C, 0x2878F0, 0xFFD21E, 0x3CC85A, 0xFF5AB4, 0x32DCF0, 0xFF8214, 0x6E1EC8, 0xC8F050, 0x96501E,
    0x0F8C82, 0xC8A0FF, 0x1E3296, 0xFFB996, 0x8C8C14, 0x961E78, 0x8CF0B4, 0x5F91AF, 0x781428, 0xE632F0,
    0x00550A, 0xF5D2F0, 0xC8738C, 0x5A416E, 0xE6E691, 0x73FF46, 0x504B1E, 0x00AAFF, 0xFF3705, 0x6EA05A,
    0xB45AD7, 0xE6A546, 0xBE055A, 0xFA7D5A, 0x9BC3AA, 0x005FA5, 0xA5915F, 0x00505F, 0x69A500, 0x005AFA,
  ].map { RGBColor($0) }

  /// Value and saturation, of 255, in turn.
  private static let tones: [(value: Int, saturation: Int)] = [
    (250, 200), (160, 220), (215, 110), (125, 160), (235, 255), (185, 150), (255, 130), (145, 255),
    (255, 170), (110, 190),
  ]

  private static func walk(_ index: Int) -> RGBColor {
    // A turn is 65,536; 40,503 is the turn over the golden ratio, odd, so that no hue returns before 65,536
    // steps.
    let hue = index % 65_536 * 40_503 % 65_536
    let tone = tones[index % tones.count]
    let (sector, rest) = (hue * 6 / 65_536, hue * 6 % 65_536)
    func part(_ fall: Int) -> UInt8 {  // fall: how far below the value, of 65,536
      UInt8(tone.value * (255 * 65_536 - tone.saturation * fall) / (255 * 65_536))
    }
    let (high, low, rising, falling) = (part(0), part(65_536), part(65_536 - rest), part(rest))
    return switch sector {
    case 0: RGBColor(red: high, green: rising, blue: low)
    case 1: RGBColor(red: falling, green: high, blue: low)
    case 2: RGBColor(red: low, green: high, blue: rising)
    case 3: RGBColor(red: low, green: falling, blue: high)
    case 4: RGBColor(red: rising, green: low, blue: high)
    default: RGBColor(red: high, green: low, blue: falling)
    }
  }
}
