import SANCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the system gives to this process.
struct SystemLimits {
  /// Processors that this process may run on.
  let processors: Int
  /// How many processors' time the process gets, where a control group limits that.
  let processorTime: Double?
  /// Bytes of memory, and those that are free or can be freed; nil where the system does not tell.
  let memory: Int?
  let freeMemory: Int?

  init() {
    processors = ThreadPool.allowedProcessorCount
    processorTime = ThreadPool.processorQuota
    let system = (Self.meminfo("MemTotal:"), Self.meminfo("MemAvailable:"))
    // A container's limit, in the second version's place or the first's.
    let limit =
      Self.number("/sys/fs/cgroup/memory.max") ?? Self.number("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    let used =
      Self.number("/sys/fs/cgroup/memory.current")
      ?? Self.number("/sys/fs/cgroup/memory/memory.usage_in_bytes")
    if let limit, let total = system.0, limit < total {
      memory = limit
      freeMemory = min(system.1 ?? limit, limit - min(used ?? 0, limit))
    } else {
      (memory, freeMemory) = system
    }
  }

  private static func meminfo(_ name: String) -> Int? {
    guard let words = words("/proc/meminfo"), let index = words.firstIndex(of: name), index + 1 < words.count
    else { return nil }
    return Int(words[index + 1]).map { $0 * 1024 }
  }

  private static func number(_ path: String) -> Int? {
    words(path).flatMap { $0.first }.flatMap { Int($0) }
  }

  private static func words(_ path: String) -> [String]? {
    SystemFile.text(path).map { $0.split { $0.isWhitespace }.map(String.init) }
  }
}

/// How this program was built.
enum BuildInformation {
  /// The compiler's language version.
  static var compiler: String {
    #if compiler(>=6.5)
      "Swift 6.5 or later"
    #elseif compiler(>=6.4)
      "Swift 6.4"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #elseif compiler(>=6.2)
      "Swift 6.2"
    #else
      "Swift 6.1"
    #endif
  }

  /// Whether it is an optimised build.
  static var isOptimised: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  /// The processors that it is for.
  static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "another architecture"
    #endif
  }
}

/// Files that the kernel makes up: they have no size and cannot be mapped.
enum SystemFile {
  /// The first 64 kB of the file at `path`; nil where it cannot be read.
  static func text(_ path: String) -> String? {
    let bytes = try? FileDescriptor.open(path, O_RDONLY).read(upTo: 1 << 16)
    return bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// What can be done in a folder.
enum FolderState: String {
  case writable
  case readOnly = "read-only"
  /// It is not there, and can be made.
  case missing = "made when needed"
  /// It is not there and cannot be made, or is no folder.
  case unusable

  init(_ path: String) {
    if let status = FileStatus(path) {
      self = !status.isFolder ? .unusable : access(path, W_OK) == 0 ? .writable : .readOnly
      return
    }
    var folder = Path.folder(of: path)
    while FileStatus(folder) == nil, folder != Path.folder(of: folder) { folder = Path.folder(of: folder) }
    self = FileStatus(folder)?.isFolder == true && access(folder, W_OK) == 0 ? .missing : .unusable
  }
}
