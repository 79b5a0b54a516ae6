/// The time of processors that a control group leaves to this process, as containers have it.
///
/// Linux tells in files: of the second version of control groups a `cpu.max` in the group's folder, of the first two files.
/// A group's limit holds for those within it, too, so the least of those on the way to the root counts.
package enum ProcessorQuota {
  /// How many processors' time the process gets in the mean; nil where nothing limits it.
  ///
  /// - Parameter read: the text of the file at a path; nil where it cannot be read.
  package static func find(_ read: (_ path: String) -> String?) -> Double? {
    var least: Double?
    for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
      // Such as 0::/user.slice, or 4:cpu,cpuacct:/docker/12ab.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      guard parts[0] == "0" && controllers.isEmpty || controllers.contains("cpu") else { continue }
      // Within a container the path may be that on the host, of which the root is all that is seen.
      var names = parts[2].split(separator: "/")
      while true {
        let folder = names.map { "/\($0)" }.joined()
        var quotas: [Double?] = []
        if controllers.isEmpty {
          quotas.append(second(read("/sys/fs/cgroup\(folder)/cpu.max")))
        } else {
          // The controllers that are mounted together have a link by each name.
          for mount in Set(["cpu", String(parts[1])]) {
            let place = "/sys/fs/cgroup/\(mount)\(folder)/cpu.cfs_"
            quotas.append(first(quota: read("\(place)quota_us"), period: read("\(place)period_us")))
          }
        }
        for case let quota? in quotas { least = min(least ?? quota, quota) }
        if names.popLast() == nil { break }
      }
    }
    return least
  }

  /// Of `cpu.max`: a quota and a period, or `max` for no quota.
  private static func second(_ text: String?) -> Double? {
    let words = text?.split(whereSeparator: \.isWhitespace) ?? []
    return words.count == 2 ? ratio(words[0], words[1]) : nil
  }

  /// Of a file each; the quota is -1 where there is none.
  private static func first(quota: String?, period: String?) -> Double? {
    guard let quota = quota?.split(whereSeparator: \.isWhitespace).first,
      let period = period?.split(whereSeparator: \.isWhitespace).first
    else { return nil }
    return ratio(quota, period)
  }

  private static func ratio(_ quota: Substring, _ period: Substring) -> Double? {
    guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
  }

  /// Threads that a share of `processors` pays for: a part of a processor is one.
  package static func threads(processors: Int, quota: Double?) -> Int {
    guard let quota, quota < Double(processors) else { return processors }
    return max(1, Int(quota.rounded(.up)))
  }
}
