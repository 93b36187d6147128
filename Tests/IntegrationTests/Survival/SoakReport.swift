import Foundation

/// What the processes of a long run have, as a table, and what they have gained.
struct SoakReport {
    /// Memory that may be gained by the hour, in MB, once a run is long enough to tell.
    private static let megabytesPerHour = 48.0
    /// Seconds that a process must have lived for its growth to mean something.
    private static let tellingSeconds = 900.0
    /// What caches, connections that are just being replaced and short-lived threads account for.
    private static let slack = (descriptors: 24, threads: 12)

    /// What no process of this cluster has at any time, however long or short it lives.
    private static let most = (megabytes: 300.0, descriptors: 100, threads: 30)

    /// Processes that had more than that.
    private(set) var excesses: [String: String] = [:]
    private var trends: [String: ProcessTrend] = [:]
    private var pids: [String: Int32] = [:]

    /// Takes a look at every process.
    mutating func add(_ samples: [(name: String, pid: Int32, sample: ProcessSample)], at seconds: Double) {
        for (name, pid, sample) in samples {
            // Another process of that name begins anew.
            if pids[name] != pid { trends[name] = nil }
            pids[name] = pid
            trends[name, default: ProcessTrend()].add(sample, at: seconds)
            if name != Self.ownName, Self.isTooMuch(sample) { excesses[name] = "\(name): \(sample)" }
        }
    }

    /// What the process that looks calls itself: its memory is the tests' and not the product's.
    static let ownName = "the tests"

    /// Whether a process has more than any should ever have.
    static func isTooMuch(_ sample: ProcessSample) -> Bool {
        sample.megabytes > most.megabytes || sample.descriptors > most.descriptors || sample.threads > most.threads
    }

    /// The last look.
    var table: String {
        let rows = names.compactMap { name -> String? in
            guard let trend = trends[name], let last = trend.samples.last?.sample else { return nil }
            let memory = String(format: "%9.1f", last.megabytes)
            return pad(name) + memory + number(last.descriptors) + number(last.threads) + number(Int(trend.seconds))
        }
        return ([pad("process") + "       MB  descriptors  threads  seconds"] + rows).joined(separator: "\n")
    }

    /// Growth of every process, as lines, and what is too much.
    var growth: (lines: [String], problems: [String]) {
        var lines: [String] = []
        var problems: [String] = []
        for name in names {
            guard let trend = trends[name], trend.samples.count > 3 else { continue }
            let memory = trend.growth { $0.megabytes }
            let isTelling = trend.seconds >= Self.tellingSeconds
            let line =
                "\(name): " + String(format: "%+.1f MB an hour, in %.0f s", memory, trend.seconds)
                + (isTelling ? "" : ", too short to judge")
            let half = trend.samples.count / 2
            let (early, late) = (trend.samples[..<half].map(\.sample), trend.samples[half...].map(\.sample))
            func most(_ samples: [ProcessSample], _ value: (ProcessSample) -> Int) -> Int {
                samples.map(value).max() ?? 0
            }
            let descriptors = (most(early, { $0.descriptors }), most(late, { $0.descriptors }))
            let threads = (most(early, { $0.threads }), most(late, { $0.threads }))
            lines.append(
                """
                \(line); at most \(descriptors.0), then \(descriptors.1) descriptors, \(threads.0), then \(threads.1) \
                threads
                """
            )
            if isTelling, memory > Self.megabytesPerHour { problems.append(line) }
            if descriptors.1 > descriptors.0 + Self.slack.descriptors { problems.append("\(name): descriptors") }
            if threads.1 > threads.0 + Self.slack.threads { problems.append("\(name): threads") }
        }
        return (lines, problems + excesses.values.sorted())
    }

    private var names: [String] { trends.keys.sorted() }
    private func pad(_ text: String) -> String { text.padding(toLength: 14, withPad: " ", startingAt: 0) }
    private func number(_ value: Int) -> String { String(format: "%11d", value) }
}
