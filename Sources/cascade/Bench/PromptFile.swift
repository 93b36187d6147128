internal import Foundation

/// The prompts of a file: JSON lines, or plain text with one prompt a line.
enum PromptFile {
    /// A JSON line; HumanEval's lines have `prompt` beside other keys.
    private struct Line: Decodable {
        var prompt: String?
        var text: String?
        var id: String?
        var task_id: String?
    }

    /// A prompt and what it is called.
    struct NamedPrompt: Equatable {
        var name: String
        var prompt: String
    }

    /// Reads the file's prompts, at most `limit` of them.
    static func read(_ path: String, limit: Int?) throws -> [String] {
        Array(try readNamed(path).map(\.prompt).prefix(limit ?? .max))
    }

    /// Reads the file's prompts with their names: `id` or `task_id` of a JSON line, else the line's number.
    static func readNamed(_ path: String) throws -> [NamedPrompt] {
        let content: String
        do {
            content = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw CommandFailure.failed("cannot read the prompts of \(path): \(error.localizedDescription)")
        }
        let prompts = try prompts(in: content, name: path)
        guard !prompts.isEmpty else { throw CommandFailure.failed("\(path) has no prompts") }
        var lineOfName: [String: Int] = [:]
        for (index, prompt) in prompts.enumerated() {
            guard let other = lineOfName.updateValue(index, forKey: prompt.name) else { continue }
            throw CommandFailure.failed("\(path): prompts \(other + 1) and \(index + 1) are both called \(prompt.name)")
        }
        return prompts
    }

    /// The prompts in a file's content; `name` stands for the file in errors. JSON if the first line that is not blank
    /// begins with a brace.
    static func prompts(in content: String, name: String) throws -> [NamedPrompt] {
        let lines = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .filter { !$0.element.allSatisfy(\.isWhitespace) }
        guard let first = lines.first, first.element.drop(while: \.isWhitespace).first == "{" else {
            return lines.map { NamedPrompt(name: "line \($0.offset + 1)", prompt: String($0.element)) }
        }
        return try lines.map { number, line in
            guard let value = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)),
                let prompt = value.prompt ?? value.text, !prompt.isEmpty
            else {
                throw CommandFailure.failed(
                    "\(name), line \(number + 1): expected a JSON object with a \"prompt\" or a \"text\""
                )
            }
            return NamedPrompt(name: value.id ?? value.task_id ?? "line \(number + 1)", prompt: prompt)
        }
    }
}
