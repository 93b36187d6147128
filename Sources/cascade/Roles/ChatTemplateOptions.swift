internal import ArgumentParser
internal import CascadeHost
internal import CascadeNode
internal import CascadeTemplate
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

/// A chat template that the command line names.
enum ChatTemplateFile {
    /// Most bytes that are read: some more than a template may have, so that its own bound is what is told.
    private static let limit = 1 << 20

    /// Reads a file; a template that cannot be used is a usage error with its line and problem.
    static func read(_ path: String) throws(CommandFailure) -> ChatTemplate {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileAccess.read(path, limit: limit)
        } catch {
            throw .usage("cannot read the chat template \(path): \(error.cause)")
        }
        let source = try TextInput.text(bytes, of: "the chat template \(path)")
        do throws(TemplateError) {
            return try ChatTemplate(source: source)
        } catch {
            throw .usage("the chat template \(path) cannot be used: \(error)")
        }
    }
}

/// What the user's clock on the wall shows.
enum LocalClock {
    /// Seconds since the beginning of 1970 in the user's time zone, for chat templates that print the date.
    static func seconds() -> UInt64 {
        let now = Date()
        return UInt64(max(0, now.timeIntervalSince1970 + Double(TimeZone.current.secondsFromGMT(for: now))))
    }
}
