internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// The file of `submit --messages`.
enum MessagesFile {
    /// Bytes of the file, at most: escapes and spaces may take more than the texts.
    static let mostBytes = 4 * JobLimits.standard.promptBytes

    /// The conversation in a file, or on standard input where `path` is `-`.
    ///
    /// - Throws: a usage error that names the place of what is wrong; a failure where the file cannot be read.
    static func read(_ path: String) throws(CommandFailure) -> Conversation {
        let (bytes, name) = try contents(path)
        do throws(ConversationError) {
            return try ConversationReader.read(bytes)
        } catch {
            throw .usage("\(name): \(error)")
        }
    }

    private static func contents(_ path: String) throws(CommandFailure) -> (bytes: [UInt8], name: String) {
        if path == "-" {
            let what = "the conversation"
            let bytes = try PromptInput.standardInput(limit: mostBytes, what: what, wayOut: "as a file")
            return (bytes, "the messages on standard input")
        }
        do throws(SystemError) {
            return (try FileAccess.read(path, limit: mostBytes), path)
        } catch {
            throw .failed("\(error)")
        }
    }
}
