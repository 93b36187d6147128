internal import CascadeText
internal import Foundation

/// A chat template that the command line names.
enum ChatTemplateFile {
    /// Reads a file; a template that cannot be used is a usage error with its line and problem.
    static func read(_ path: String) throws(CommandFailure) -> ChatTemplate {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .usage("cannot read the chat template \(path)")
        }
        let source = try TextInput.text(bytes, of: "the chat template \(path)")
        do throws(TemplateError) {
            return try ChatTemplate(source: source)
        } catch {
            throw .usage("the chat template \(path) cannot be used: \(error)")
        }
    }
}
