import SANCore

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
    processors = ThreadPool.processorCount
    processorTime = Self.processorTime
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

  /// `cpu.max` holds a quota and a period, or `max` for no quota; the older files a number each.
  private static var processorTime: Double? {
    if let words = words("/sys/fs/cgroup/cpu.max"), words.count == 2 {
      guard let quota = Double(words[0]), let period = Double(words[1]), period > 0 else { return nil }
      return quota / period
    }
    guard let quota = number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), quota > 0,
      let period = number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"), period > 0
    else { return nil }
    return Double(quota) / Double(period)
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
