internal import ArgumentParser

/// `cascade model`
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "One model, no cluster: fetch, inspect, tokenize, score, generate.",
        discussion: """
            EXAMPLES
              cascade model fetch qwen2.5-coder-0.5b
              cascade model inspect --model qwen2.5-coder-0.5b
              cascade model generate --model qwen2.5-coder-0.5b "def fibonacci(n):"
            """,
        subcommands: [
            ModelFetchCommand.self, ModelInspectCommand.self, ModelTokenizeCommand.self, ModelScoreCommand.self,
            ModelGenerateCommand.self,
        ]
    )
}
