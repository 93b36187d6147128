internal import ArgumentParser
internal import CascadeEval
internal import Foundation

/// `cascade eval`
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure what rules do to quality and speed.",
        discussion: """
            Asks a running cluster ('cascade up') for answers, under each rule and under the baselines. Results are \
            written to a folder as they arrive; the same command continues an interrupted run.

            EXAMPLES
              cascade eval humaneval --limit 40 --rules expert-only,drafter-only,token-v3,chow --out frontier
              cascade eval text --prompts prompts.jsonl --temperatures 0.8 --out free-text
            """,
        subcommands: [EvalHumanEvalCommand.self, EvalTextCommand.self]
    )
}

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
            EvalOptions.humanEval(load(), name: "HumanEval", unsafeExecution: unsafeExecution)
        )
    }

    private func load() throws -> [HumanEvalProblem] {
        do {
            let file = try problems.map { URL(filePath: $0) } ?? HumanEvalProblem.fetchedFile()
            if problems == nil, !FileManager.default.fileExists(atPath: file.path) {
                throw CommandFailure.failed(
                    """
                    HumanEval is not at \(file.path): fetch it with deploy/scripts/fetch-humaneval, or name it with \
                    --problems
                    """
                )
            }
            return try HumanEvalProblem.load(file)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }
}

/// `cascade eval text`
struct EvalTextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "text",
        abstract: "Answer prompts of your own with several rules.",
        discussion: """
            There are no tests for free text. The report says how similar an answer is to the expert's own (ROUGE-L; \
            with several samples, the expert's line says how similar two of its own are) and, with --likelihood, how \
            likely the expert's model finds it.

            Prompts: JSON lines with "prompt" or "text" and, if you like, an "id"; or plain text, one prompt a line.

            EXAMPLES
              cascade eval text --prompts prompts.jsonl --out free-text
              cascade eval text --prompts prompts.txt --likelihood big.gguf --out free-text
              cascade eval text --prompts prompts.txt --temperatures 0.8 --samples 2 --out warm
            """
    )

    @OptionGroup var options: EvalOptions

    @Option(help: "The file of prompts.")
    var prompts: String

    @Option(help: "Score the answers with this model, normally the expert's: a GGUF file or a known name.")
    var likelihood: String?

    @Flag(help: "Send the prompts as they are, without the model's chat template.")
    var raw = false

    func run() async throws {
        let scorer = try likelihood.map { (name: $0, path: try ModelLocation.resolve($0)) }
        let source = EvalSource.text(try PromptArgument.named(prompts), file: prompts, raw: raw)
        try await options.execute(source, likelihood: scorer)
    }
}
