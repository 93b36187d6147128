internal import ArgumentParser

/// `cascade eval`
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure what rules do to quality and speed.",
        discussion: """
            Answers come from a running cluster ('cascade up'), each rule beside the baselines. Results go to a folder \
            as they come in; the same command goes on where it was stopped.

            EXAMPLES
              cascade eval humaneval --limit 40 --rules expert-only,drafter-only,token-v3,chow --out frontier
              cascade eval text --prompts prompts.jsonl --temperatures 0.8 --out free-text
            """,
        subcommands: [EvalHumanEvalCommand.self, EvalTextCommand.self]
    )
}
