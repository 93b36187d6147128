internal import CascadeCore
internal import CascadeModel

/// What `cascade bench engine` measured, as JSON and people see it.
struct EngineReport: Encodable {
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
    let text: String

    private enum CodingKeys: CodingKey {
        case model, build, kernels, threads, context, bandwidthGbPerS, bytesPerPass, rows
    }

    /// Sets the report up from what was measured.
    init(model: String, threads: Int, context: Int, result: EngineBenchmark.Result) {
        self.model = model
        self.threads = threads
        self.context = context
        build = BuildInfo.version
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
        text = Self.text(model: model, threads: threads, context: context, result: result, rows: rows)
    }

    private static func text(
        model: String,
        threads: Int,
        context: Int,
        result: EngineBenchmark.Result,
        rows: [Row]
    ) -> String {
        let best = result.gigabytesPerSecond.largest
        let head = """
            \(model)
            cascade \(BuildInfo.version), kernels \(result.kernels), \(plural(threads, "thread")), \
            \(plural(context, "token")) before the pass
            memory: \(fixed(best, 1)) GB/s best, \(fixed(result.gigabytesPerSecond.median, 1)) GB/s median of \
            \(result.gigabytesPerSecond.values.count) reads; a pass of few rows reads \
            \(fixed(Double(result.bytesPerPass) / 1e9, 3)) GB of weights

            """
        let titles = ["ROWS", "MS", "MS BEST", "TOKENS/S", "RATIO", "GB/S", "OF MEMORY'S", "PASSES"]
        let lines = zip(rows, result.rows).map { row, measured in
            let speed = Double(result.bytesPerPass) / row.msMedian / 1e6
            return [
                "\(row.rows)", fixed(row.msMedian, 2), fixed(row.msMin, 2), fixed(row.tokensPerSecond, 1),
                fixed(row.ratioToOne, 2), fixed(speed, 1), "\(fixed(100 * speed / best, 0)) %",
                "\(measured.milliseconds.values.count)",
            ]
        }
        return head + "\n" + Table.text([titles] + lines)
    }

    private static func fixed(_ value: Double, _ decimals: Int) -> String { SubmitSummary.fixed(value, decimals) }
}
