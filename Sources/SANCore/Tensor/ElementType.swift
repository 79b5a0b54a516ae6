/// How the numbers of a stored tensor are encoded. The raw values are the names of the safetensors format.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// IEEE 754 double precision.
  case float64 = "F64"
  /// IEEE 754 single precision.
  case float32 = "F32"
  /// IEEE 754 half precision.
  case float16 = "F16"
  /// The upper half of a single-precision number.
  case bfloat16 = "BF16"
  /// Eight bits, 4 of exponent and 3 of significand.
  case float8e4m3 = "F8_E4M3"
  /// Eight bits, 5 of exponent and 2 of significand.
  case float8e5m2 = "F8_E5M2"
  /// 64 bits, signed.
  case int64 = "I64"
  /// 32 bits, signed.
  case int32 = "I32"
  /// 16 bits, signed.
  case int16 = "I16"
  /// 8 bits, signed.
  case int8 = "I8"
  /// 64 bits, unsigned.
  case uint64 = "U64"
  /// 32 bits, unsigned.
  case uint32 = "U32"
  /// 16 bits, unsigned.
  case uint16 = "U16"
  /// 8 bits, unsigned.
  case uint8 = "U8"
  /// One byte, 0 or 1.
  case boolean = "BOOL"

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float8e4m3, .float8e5m2, .int8, .uint8, .boolean: 1
    }
  }

  /// Whether tensors of this type can be read as weights.
  public var isReadable: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }
}
