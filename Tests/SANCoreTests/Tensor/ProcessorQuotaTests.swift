import SANCore
import XCTest

/// Control groups' limits on processor time, as their files tell them.
final class ProcessorQuotaTests: XCTestCase {
  private func quota(_ files: [String: String]) -> Double? { ProcessorQuota.find { files[$0] } }

  func testSecondVersion() {
    let group = ["/proc/self/cgroup": "0::/\n"]
    XCTAssertNil(quota([:]))
    XCTAssertNil(quota(group))
    XCTAssertNil(quota(group.merging(["/sys/fs/cgroup/cpu.max": "max 100000\n"]) { $1 }))
    XCTAssertEqual(quota(group.merging(["/sys/fs/cgroup/cpu.max": "50000 100000\n"]) { $1 }), 0.5)
    // The least of the groups that this one lies in.
    let nested = [
      "/proc/self/cgroup": "0::/user.slice/a\n", "/sys/fs/cgroup/user.slice/a/cpu.max": "400000 100000\n",
    ]
    XCTAssertEqual(quota(nested), 4)
    XCTAssertEqual(
      quota(nested.merging(["/sys/fs/cgroup/user.slice/cpu.max": "150000 100000\n"]) { $1 }), 1.5)
    // A path of the host's, of which the container sees the root alone.
    XCTAssertEqual(
      quota(["/proc/self/cgroup": "0::/docker/12ab\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n"]), 2)
  }

  func testFirstVersion() {
    let group = ["/proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/docker/12ab\n1:name=systemd:/x\n"]
    let folder = "/sys/fs/cgroup/cpu,cpuacct/docker/12ab/"
    let files = [folder + "cpu.cfs_quota_us": "250000\n", folder + "cpu.cfs_period_us": "100000\n"]
    XCTAssertEqual(quota(group.merging(files) { $1 }), 2.5)
    let none = [folder + "cpu.cfs_quota_us": "-1\n", folder + "cpu.cfs_period_us": "100000\n"]
    XCTAssertNil(quota(group.merging(none) { $1 }))
    let root = [
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    XCTAssertEqual(quota(group.merging(root) { $1 }), 0.5)
  }

  func testFilesThatAreNoSuch() {
    for text in ["", "x", "1", "0 100000", "-5 100000", "100000 0", "a b", "1 2 3", "9999999999999999999 1"] {
      XCTAssertNil(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text]), text)
    }
    XCTAssertNil(quota(["/proc/self/cgroup": "0\n::\n\n", "/sys/fs/cgroup/cpu.max": "max 1"]))
  }

  func testThreads() {
    let cases: [(processors: Int, quota: Double?, threads: Int)] = [
      (8, nil, 8), (8, 0.5, 1), (8, 0.01, 1), (8, 1, 1), (8, 1.5, 2), (8, 7.2, 8), (8, 8, 8), (2, 16, 2),
    ]
    for (processors, quota, threads) in cases {
      XCTAssertEqual(ProcessorQuota.threads(processors: processors, quota: quota), threads)
    }
    XCTAssertLessThanOrEqual(ThreadPool.processorCount, ThreadPool.allowedProcessorCount)
  }
}
