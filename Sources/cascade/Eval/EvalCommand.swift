internal import ArgumentParser

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
