internal import ArgumentParser
internal import CascadeNode
internal import CascadeText
internal import Foundation

/// What the operator says about chat templates.
struct ChatTemplateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Wrap the prompts of chats in this Jinja template instead of the model's own. POOL=FILE applies to that \
            pool only. May be given several times.
            """,
            valueName: "file|pool=file"
        )
    )
    var chatTemplate: [String] = []

    /// Reads the files.
    func templates() throws(CommandFailure) -> ChatTemplates {
        var templates = ChatTemplates()
        for text in chatTemplate {
            let (pool, file) = Self.parts(text)
            templates.set(try ChatTemplateFile.read(file), pool: pool)
        }
        return templates
    }

    /// The pool, where one is named, and the file. A file whose path has a `=` in it is meant as it is where it is
    /// there, and where neither it nor a file behind a pool with a `/` is.
    private static func parts(_ text: String) -> (pool: String?, file: String) {
        guard let sign = text.firstIndex(of: "="), access(text, F_OK) != 0 else { return (nil, text) }
        let (pool, file) = (String(text[..<sign]), String(text[text.index(after: sign)...]))
        return pool.contains("/") && access(file, F_OK) != 0 ? (nil, text) : (pool, file)
    }

    /// The same, as arguments of another process.
    var arguments: [String] { chatTemplate.flatMap { ["--chat-template", $0] } }
}
