internal import ArgumentParser

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
        if let likelihood { _ = try ModelLocation.resolve(likelihood) }
        try await options.execute(EvalSource.text(prompts, raw: raw), likelihood: likelihood)
    }
}
