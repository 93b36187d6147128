import Foundation

/// What a process has of the machine at one moment.
struct ProcessSample: Sendable {
    /// Memory of its own, in bytes.
    var memory: Int
    /// Open descriptors.
    var descriptors: Int
    var threads: Int

    /// Looks at a process; nil where there is none.
    init?(pid: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        else { return nil }
        func number(_ key: String) -> Int? {
            let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        }
        guard let kilobytes = number("RssAnon"), let threads = number("Threads") else { return nil }
        memory = kilobytes << 10
        descriptors = files.count
        self.threads = threads
    }

    var megabytes: Double { Double(memory) / 1_048_576 }
}

/// Samples of one process over time, and what it gained by the hour.
struct ProcessTrend: Sendable {
    private(set) var samples: [(seconds: Double, sample: ProcessSample)] = []

    mutating func add(_ sample: ProcessSample, at seconds: Double) { samples.append((seconds, sample)) }

    var seconds: Double { (samples.last?.seconds ?? 0) - (samples.first?.seconds ?? 0) }

    /// The slope of a straight line through the samples' second half: by then caches have filled. Per hour.
    func growth(_ value: (ProcessSample) -> Double) -> Double {
        let half = samples.suffix((samples.count + 1) / 2)
        guard half.count > 1 else { return 0 }
        let count = Double(half.count)
        let time = half.reduce(0) { $0 + $1.seconds } / count
        let mean = half.reduce(0) { $0 + value($1.sample) } / count
        let spread = half.reduce(0) { $0 + ($1.seconds - time) * ($1.seconds - time) }
        guard spread > 0 else { return 0 }
        return half.reduce(0) { $0 + ($1.seconds - time) * (value($1.sample) - mean) } / spread * 3_600
    }
}
