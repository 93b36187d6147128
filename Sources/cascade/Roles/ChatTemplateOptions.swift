internal import ArgumentParser
internal import CascadeNode
internal import CascadeText

/// What the operator says about chat templates.
struct ChatTemplateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Wrap the prompts of chats in this Jinja template instead of the model's own; behind a pool's name and '=' it \
            holds for that pool alone. May be given several times.
            """,
            valueName: "file|pool=file"
        )
    )
    var chatTemplate: [String] = []

    /// Reads the files.
    func templates() throws(CommandFailure) -> ChatTemplates {
        var templates = ChatTemplates()
        for text in chatTemplate {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            templates.set(try ChatTemplateFile.read(parts[parts.count - 1]), pool: parts.count > 1 ? parts[0] : nil)
        }
        return templates
    }

    /// The same, as arguments of another process.
    var arguments: [String] { chatTemplate.flatMap { ["--chat-template", $0] } }
}
