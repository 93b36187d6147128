internal import CascadeHost
internal import CascadeTemplate
internal import CascadeText

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
