internal import Foundation

/// The prompts of a file: JSON lines, or plain text with one prompt a line.
enum PromptFile {
    /// A JSON line; HumanEval's lines have `prompt` beside other keys.
    private struct Line: Decodable {
        var prompt: String?
        var text: String?
    }

    /// Reads the file's prompts, at most `limit` of them.
    static func read(_ path: String, limit: Int?) throws -> [String] {
        let content: String
        do {
            content = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw CommandFailure.failed("cannot read the prompts of \(path): \(error.localizedDescription)")
        }
        let prompts = try prompts(in: content, name: path)
        guard !prompts.isEmpty else { throw CommandFailure.failed("\(path) has no prompts") }
        return Array(prompts.prefix(limit ?? prompts.count))
    }

    /// The prompts in a file's content; `name` stands for the file in errors. JSON if the first line that is not blank
    /// begins with a brace.
    static func prompts(in content: String, name: String) throws -> [String] {
        let lines = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .filter { !$0.element.allSatisfy(\.isWhitespace) }
        guard let first = lines.first, first.element.drop(while: \.isWhitespace).first == "{" else {
            return lines.map { String($0.element) }
        }
        return try lines.map { number, line in
            guard let value = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)),
                let prompt = value.prompt ?? value.text, !prompt.isEmpty
            else {
                throw CommandFailure.failed(
                    "\(name), line \(number + 1): expected a JSON object with a \"prompt\" or a \"text\""
                )
            }
            return prompt
        }
    }
}
