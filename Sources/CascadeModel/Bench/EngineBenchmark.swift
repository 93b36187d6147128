internal import CascadeCore

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
        let start = monotonicNanoseconds()
        if settings.context > 0 {
            try engine.forward([Segment(cache: cache, tokens: tokens(settings.context), logits: 0)])
        }
        // The first pass of a kind meets cold caches and pages that are not there yet.
        _ = try time(1, engine: engine, cache: cache)
        var reads = [memory.read()]
        var schedule = TurnSchedule(count: settings.rows.count, seconds: settings.seconds)
        var times = [[UInt64]](repeating: [], count: settings.rows.count)
        while let turns = schedule.nextRound(elapsed: Double(monotonicNanoseconds() - start) / 1e9) {
            reads.append(memory.read())
            for index in turns {
                let nanoseconds = try time(settings.rows[index], engine: engine, cache: cache)
                times[index].append(nanoseconds)
                schedule.took(Double(nanoseconds) / 1e9, turn: index)
                progress(min(1, Double(monotonicNanoseconds() - start) / 1e9 / settings.seconds))
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
        let start = monotonicNanoseconds()
        try engine.forward([segment])
        let nanoseconds = monotonicNanoseconds() - start
        cache.truncate(to: settings.context)
        return nanoseconds
    }

    /// Tokens from all over the vocabulary, the same every time.
    private func tokens(_ count: Int) -> [Token] {
        let vocabulary = UInt64(model.configuration.vocabulary)
        return (0..<UInt64(count)).map { Token(($0 &* 2_654_435_761) % vocabulary) }
    }
}
