internal import ArgumentParser
internal import CascadeEval
internal import Foundation

/// `cascade eval humaneval`
struct EvalHumanEvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "humaneval",
        abstract: "Answer HumanEval's problems with several rules, and run the answers' tests.",
        discussion: """
            Tests run in child processes without network, with limits on time and memory, in a temporary folder \
            (bubblewrap). Problems have a fixed shuffled order: --limit 40 are always the same 40, --skip 40 the \
            others.

            Writes results.jsonl as answers arrive, then results.csv, report.md and plots of quality against latency \
            and against expert passes. The same command continues an interrupted run.

            EXAMPLES
              cascade eval humaneval --limit 40 --rules expert-only,token-v3:0.1:0.3,chow:0.2 --out frontier
              cascade eval humaneval --temperatures 0.8 --samples 2 --rules expert-only,expert-min-p,token-v3 --out t08
            """
    )

    @OptionGroup var options: EvalOptions

    @Option(help: "HumanEval's file of JSON lines (default: where deploy/scripts/fetch-humaneval puts it).")
    var problems: String?

    @Flag(help: "Run tests without isolation, where bubblewrap cannot be used. They can then do all that you can.")
    var unsafeExecution = false

    func run() async throws {
        try await options.execute(
            EvalSource.humanEval(load(), name: "HumanEval", unsafeExecution: unsafeExecution)
        )
    }

    private func load() throws -> [HumanEvalProblem] {
        let file: URL
        do {
            file = try problems.map { URL(filePath: $0) } ?? HumanEvalProblem.fetchedFile()
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        if problems == nil, !FileManager.default.fileExists(atPath: file.path) {
            throw CommandFailure.failed(
                """
                HumanEval is not at \(file.path): fetch it with deploy/scripts/fetch-humaneval, or name it with \
                --problems
                """
            )
        }
        do {
            return try HumanEvalProblem.load(file)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }
}
