internal import ArgumentParser

/// `cascade bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure one engine, a pair of models without a network, or a cluster under load.",
        discussion: """
            EXAMPLES
              cascade bench engine --model qwen2.5-coder-1.5b
              cascade bench pair --prompts prompts.jsonl --limit 4
              cascade bench serve --prompts prompts.jsonl --concurrency 1,8
            """,
        subcommands: [BenchEngineCommand.self, BenchPairCommand.self, BenchServeCommand.self]
    )

    /// A debug build is many times slower: its numbers would only mislead.
    static func refuseDebugBuild(isDebug: Bool = BuildInfo.isDebug) throws {
        guard isDebug else { return }
        throw CommandFailure.failed(
            "this is a debug build, whose speed says nothing: build with 'swift build -c release' and measure again"
        )
    }
}
