internal import ArgumentParser
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode
internal import Foundation

/// `cascade bench engine`
struct BenchEngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure what a pass of n tokens costs, beside the memory's bandwidth.",
        discussion: """
            A row is one token of a pass. A pass of n rows computes a draft of one sequence after --n-depth tokens at \
            once: with logits for every row up to \(EngineBenchmark.rowsWithAllLogits) rows, as verification needs \
            them, and beyond that for the last row only, as a prompt needs them. One row is always measured, and \
            ratios are relative to it. The row counts take turns. Every turn also reads a buffer of 512 MB with the \
            same threads; the bandwidth is the best of these reads. A row count that has had more time than the others \
            misses turns, so large ones are measured less often.

            EXAMPLES
              cascade bench engine --model qwen2.5-coder-1.5b
              cascade bench engine --model big.gguf --rows 1,5,8 --threads 4 --json
            """
    )

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String

    @Option(help: "Row counts, 1 to 4096, separated by commas.")
    var rows = NumberList([1, 2, 4, 8, 16, 64, 512])

    @Option(help: "Compute threads (default: the cores this process may use).")
    var threads: Int?

    @Option(help: "Tokens in the sequence before the measured pass.")
    var nDepth = 256

    @Option(
        help: """
            Seconds that the whole run may take, loading included; each row count is measured at least once (default: \
            30).
            """,
        transform: Seconds.parse
    )
    var seconds: Seconds = 30

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "SLED") var sled: SLEDOptions

    func validate() throws {
        try Limits.check("--threads", threads, in: Limits.threads)
        try Limits.check("--n-depth", nDepth, in: 0...1_000_000)
        guard rows.numbers.count <= 64, rows.numbers.allSatisfy({ (1...4_096).contains($0) }) else {
            throw ValidationError("--rows takes up to 64 row counts of 1 to 4096")
        }
    }

    func run() async throws {
        try BenchCommand.refuseDebugBuild()
        let started = MonotonicClock.now()
        let path = try ModelLocation.resolve(model)
        let threads = threads ?? AvailableCores.count()
        let report: EngineReport
        do throws(ModelError) {
            let model = try Model.load(path: path)
            let settings = EngineBenchmark.Settings(
                rows: rows.numbers,
                threads: threads,
                context: nDepth,
                seconds: seconds.value - MonotonicClock.seconds(since: started),
                sled: sled.settings
            )
            let progress = ProgressLine("measuring")
            let result = try EngineBenchmark(model: model, settings: settings).run(progress: progress.show)
            progress.finish()
            report = EngineReport(model: path, threads: threads, context: nDepth, result: result)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        if json { try Output.json(report) } else { try Output.line(report.text) }
    }
}
