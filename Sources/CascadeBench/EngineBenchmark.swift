internal import CascadeCore
internal import CascadeHost
package import CascadeModel

/// Measures passes of an engine by their number of rows, interleaved with plain reads of memory.
///
/// A pass of n rows is a draft of one sequence behind a prefix, with logits for every row up to
/// ``rowsWithAllLogits`` (what verification needs) and for the last row alone beyond (a prompt). It is computed at
/// once, never in parts. Row counts take turns, so that a slow minute of the machine falls on all of them.
package struct EngineBenchmark {
    /// Most rows of a pass whose logits are all computed.
    package static let rowsWithAllLogits = 16

    /// What is measured.
    package struct Settings: Sendable {
        /// Row counts, ascending, the first of them 1.
        package var rows: [Int]
        /// Threads that compute, and that read memory.
        package var threads: Int
        /// Tokens before the pass.
        package var context: Int
        /// Seconds that measuring may take. Every row count is measured at least once, however long that takes.
        package var seconds: Double
        /// Lets early exits move the logits.
        package var sled: SLEDSettings?

        /// Creates settings; 1 row is always measured.
        package init(rows: [Int], threads: Int, context: Int, seconds: Double, sled: SLEDSettings? = nil) {
            self.rows = Set(rows + [1]).sorted()
            self.threads = threads
            self.context = context
            self.seconds = seconds
            self.sled = sled
        }
    }

    /// What was measured of one row count.
    package struct Row: Sendable {
        /// Rows of the pass.
        package var rows: Int
        /// Milliseconds of each pass that counts, ascending.
        package var milliseconds: Measurements
    }

    /// What was measured.
    package struct Result: Sendable {
        /// One entry for each row count, ascending.
        package var rows: [Row]
        /// Gigabytes (10^9 bytes) per second of each read of memory, ascending.
        package var gigabytesPerSecond: Measurements
        /// Bytes of weights that a pass of few rows reads: all layers and the head.
        package var bytesPerPass: Int
        /// Name of the kernel set.
        package var kernels: String
    }

    private let model: Model
    private let settings: Settings

    /// Creates a benchmark of a model.
    package init(model: Model, settings: Settings) {
        self.model = model
        self.settings = settings
    }

    /// Measures. `progress` is told the share of the time that is over.
    package func run(progress: (Double) -> Void = { _ in }) throws(ModelError) -> Result {
        let largest = settings.rows.last ?? 1
        let engine = try Engine(
            model: model,
            options: EngineOptions(
                threads: settings.threads,
                contextTokens: settings.context + largest,
                maximumRows: largest,
                maximumLogits: min(largest, EngineBenchmark.rowsWithAllLogits),
                sled: settings.sled
            )
        )
        let memory = try MemoryReader(threads: settings.threads)
        let cache = engine.makeCache()
        let start = MonotonicClock.now().nanoseconds
        if settings.context > 0 {
            try engine.forward([Segment(cache: cache, tokens: tokens(settings.context), logits: 0)])
        }
        // The first pass of a kind meets cold caches and pages that are not there yet.
        _ = try time(1, engine: engine, cache: cache)
        var reads = [memory.read()]
        var schedule = TurnSchedule(count: settings.rows.count, seconds: settings.seconds)
        var times = [[UInt64]](repeating: [], count: settings.rows.count)
        while let turns = schedule.nextRound(elapsed: Double(MonotonicClock.now().nanoseconds - start) / 1e9) {
            reads.append(memory.read())
            for index in turns {
                let nanoseconds = try time(settings.rows[index], engine: engine, cache: cache)
                times[index].append(nanoseconds)
                schedule.took(Double(nanoseconds) / 1e9, turn: index)
                progress(min(1, Double(MonotonicClock.now().nanoseconds - start) / 1e9 / settings.seconds))
            }
        }
        return Result(
            rows: zip(settings.rows, times).map { rows, times in
                Row(rows: rows, milliseconds: Measurements(times.map { Double($0) / 1e6 }))
            },
            gigabytesPerSecond: Measurements(reads.map { Double(memory.byteCount) / Double($0) }),
            bytesPerPass: model.bytesPerPass,
            kernels: engine.kernelName
        )
    }

    /// Nanoseconds of one pass.
    private func time(_ rows: Int, engine: Engine, cache: SequenceCache) throws(ModelError) -> UInt64 {
        let logits = rows <= EngineBenchmark.rowsWithAllLogits ? rows : 1
        let segment = Segment(cache: cache, tokens: tokens(rows), logits: logits)
        let start = MonotonicClock.now().nanoseconds
        try engine.forward([segment])
        let nanoseconds = MonotonicClock.now().nanoseconds - start
        cache.truncate(to: settings.context)
        return nanoseconds
    }

    /// Tokens from all over the vocabulary, the same every time.
    private func tokens(_ count: Int) -> [Token] {
        let vocabulary = UInt64(model.configuration.vocabulary)
        return (0..<UInt64(count)).map { Token(($0 &* 2_654_435_761) % vocabulary) }
    }
}

/// Which of several measurements of unequal length take part in the next round, within a time.
///
/// All begin with one turn. From then on those take part that fit into what is left and have had no more time than the
/// average of these: short ones have many turns, long ones few, and all of them spread over the whole time.
struct TurnSchedule {
    private let seconds: Double
    /// Time that each has taken so far, and its turns.
    private var spent: [Double]
    private var turns: [Int]

    /// - Parameters:
    ///   - count: number of measurements, at least 1.
    ///   - seconds: the whole time.
    init(count: Int, seconds: Double) {
        self.seconds = seconds
        spent = Array(repeating: 0, count: count)
        turns = Array(repeating: 0, count: count)
    }

    /// The measurements of the next round, in order; nil when there is time for none of them.
    func nextRound(elapsed: Double) -> [Int]? {
        guard !turns.contains(0) else { return spent.indices.filter { turns[$0] == 0 } }
        let fitting = spent.indices.filter { elapsed + expected($0) <= seconds }
        guard !fitting.isEmpty else { return nil }
        let average = fitting.reduce(0) { $0 + spent[$1] } / Double(fitting.count)
        var end = elapsed
        // The one with the least time is always among them, whatever the rounding of the average.
        let limit = max(average, fitting.map { spent[$0] }.min() ?? average)
        return fitting.filter { index in
            guard spent[index] <= limit, end + expected(index) <= seconds else { return false }
            end += expected(index)
            return true
        }
    }

    /// Says how long a turn took.
    mutating func took(_ duration: Double, turn index: Int) {
        spent[index] += duration
        turns[index] += 1
    }

    /// How long a turn took on average.
    private func expected(_ index: Int) -> Double { spent[index] / Double(turns[index]) }
}

/// Measurements of one thing, ascending.
package struct Measurements: Equatable, Sendable {
    /// The measurements.
    package let values: [Double]

    /// Takes at least one measurement, in any order.
    package init(_ values: [Double]) {
        precondition(!values.isEmpty, "no measurement")
        self.values = values.sorted()
    }

    /// The least one.
    package var least: Double { values[0] }

    /// The largest one.
    package var largest: Double { values[values.count - 1] }

    /// The middle one, or the mean of the two in the middle.
    package var median: Double {
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
}

/// What `cascade bench engine` measured, as JSON and people see it.
package struct EngineReport: Encodable {
    /// One row count.
    struct Row: Encodable {
        /// Rows of the pass.
        var rows: Int
        /// Median time of a pass.
        var msMedian: Double
        /// Shortest time of a pass.
        var msMin: Double
        /// Rows per second at the median.
        var tokensPerSecond: Double
        /// Median time over that of a pass of one row.
        var ratioToOne: Double
    }

    /// The file.
    var model: String
    /// Version and commit of this program.
    var build: String
    /// The kernel set.
    var kernels: String
    /// Compute threads.
    var threads: Int
    /// Tokens before the measured rows.
    var context: Int
    /// Best plain read of memory by the same threads, in 10^9 bytes a second.
    var bandwidthGbPerS: Double
    /// Bytes of weights that a pass of few rows reads.
    var bytesPerPass: Int
    /// One entry for each row count, ascending.
    var rows: [Row]

    /// The same for people.
    package let text: String

    private enum CodingKeys: CodingKey {
        case model, build, kernels, threads, context, bandwidthGbPerS, bytesPerPass, rows
    }

    /// Sets the report up from what was measured.
    ///
    /// - Parameter build: version and commit of this program.
    package init(model: String, threads: Int, context: Int, build: String, result: EngineBenchmark.Result) {
        self.model = model
        self.threads = threads
        self.context = context
        self.build = build
        kernels = result.kernels
        bandwidthGbPerS = result.gigabytesPerSecond.largest
        bytesPerPass = result.bytesPerPass
        let one = result.rows.first { $0.rows == 1 }?.milliseconds.median
        rows = result.rows.map { row in
            let median = row.milliseconds.median
            return Row(
                rows: row.rows,
                msMedian: median,
                msMin: row.milliseconds.least,
                tokensPerSecond: Double(row.rows) / median * 1_000,
                ratioToOne: median / (one ?? median)
            )
        }
        text = Self.text(model: model, threads: threads, context: context, build: build, result: result, rows: rows)
    }

    private static func text(
        model: String,
        threads: Int,
        context: Int,
        build: String,
        result: EngineBenchmark.Result,
        rows: [Row]
    ) -> String {
        let best = result.gigabytesPerSecond.largest
        let head = """
            \(model)
            cascade \(build), kernels \(result.kernels), \(plural(threads, "thread")), \
            \(plural(context, "token")) before the pass
            memory: \(decimalText(best, 1)) GB/s best, \
            \(decimalText(result.gigabytesPerSecond.median, 1)) GB/s median of \
            \(result.gigabytesPerSecond.values.count) reads; a pass of few rows reads \
            \(decimalText(Double(result.bytesPerPass) / 1e9, 3)) GB of weights

            """
        let titles = ["ROWS", "MS", "MS BEST", "TOKENS/S", "RATIO", "GB/S", "OF MEMORY'S", "PASSES"]
        let lines = zip(rows, result.rows).map { row, measured in
            let speed = Double(result.bytesPerPass) / row.msMedian / 1e6
            return [
                "\(row.rows)", decimalText(row.msMedian, 2), decimalText(row.msMin, 2),
                decimalText(row.tokensPerSecond, 1),
                decimalText(row.ratioToOne, 2), decimalText(speed, 1), "\(decimalText(100 * speed / best, 0)) %",
                "\(measured.milliseconds.values.count)",
            ]
        }
        return head + "\n" + Table.text([titles] + lines)
    }
}
