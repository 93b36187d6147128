internal import CascadeCore
internal import Foundation

/// The prompts of a file: JSON lines, or plain text with one prompt a line.
package enum PromptFile {
    /// Reads a file's prompts, in its order; blank lines are skipped.
    ///
    /// - Throws: ``PromptFileError`` if the file cannot be read or is no file of prompts, a line is none, or a name
    ///   occurs twice.
    package static func read(_ path: String) throws(PromptFileError) -> [NamedPrompt] {
        try decode(try PromptLines.bytes(ofFile: path), file: path)
    }

    /// The prompts in a file's content; `file` is what errors call it. JSON lines if the first line that is not blank
    /// begins with a brace.
    package static func decode(_ bytes: [UInt8], file: String) throws(PromptFileError) -> [NamedPrompt] {
        let lines = try PromptLines(bytes, file: file)
        let decoder = JSONDecoder()
        return try lines.decode(label: "name", name: \.name) { line in
            let unnamed = "line \(line.number)"
            guard lines.isJSON else { return NamedPrompt(name: unnamed, prompt: line.text) }
            let value = try decoder.decode(NamedPrompt.Line.self, from: Data(line.text.utf8))
            return NamedPrompt(name: value.name ?? unnamed, prompt: value.prompt)
        }
    }
}
