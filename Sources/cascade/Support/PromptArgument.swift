internal import CascadeEval

/// A file of prompts that the command line names.
enum PromptArgument {
    /// The file's prompts, at most `limit` of them.
    static func read(_ path: String, limit: Int?) throws(CommandFailure) -> [String] {
        Array(try named(path).map(\.prompt).prefix(limit ?? .max))
    }

    /// The file's prompts with their names.
    static func named(_ path: String) throws(CommandFailure) -> [NamedPrompt] {
        do throws(PromptFileError) {
            return try PromptFile.read(path)
        } catch {
            throw .failed("\(error)")
        }
    }
}
