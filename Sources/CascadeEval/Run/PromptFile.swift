internal import CascadeCore
internal import CascadeHost
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

/// Why a file of prompts or problems cannot be used, naming the file and the line.
package struct PromptFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's path.
    package let file: String
    /// The line's number, from 1; nil if the whole file is meant.
    package let line: Int?
    /// What is wrong there.
    package let reason: String

    package var description: String {
        line.map { "\(file), line \($0): \(reason)" } ?? "\(file): \(reason)"
    }

    /// A decoder's error in words for the person who wrote the line.
    static func reason(of error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _):
            "\"\(key.stringValue)\" is missing"
        case DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" must not be null"
        case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" must be a string"
        case DecodingError.typeMismatch:
            "the line must be a JSON object"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath[0].stringValue)\" \(context.debugDescription)"
        default:
            "the line is not JSON"
        }
    }
}

/// A prompt of a file, and what it is called.
package struct NamedPrompt: Sendable, Equatable {
    /// `id` or `task_id` of a JSON line, else `line` and the line's number.
    package let name: String
    /// What is asked; never empty.
    package let prompt: String

    /// Creates a prompt of its parts.
    package init(name: String, prompt: String) {
        self.name = name
        self.prompt = prompt
    }
}

/// A JSON line: `prompt` or `text`, and if one likes `id` or `task_id`; other keys say nothing.
extension NamedPrompt {
    struct Line: Decodable {
        let name: String?
        let prompt: String

        /// Any key of the object.
        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        private typealias Values = KeyedDecodingContainer<Key>

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            guard let key = try Self.first(of: ["prompt", "text"], in: values) else {
                let keys = values.allKeys.map { "\"\($0.stringValue)\"" }.sorted().joined(separator: ", ")
                let found = keys.isEmpty ? "the object is empty" : "the object has \(keys)"
                throw Self.broken(Key(stringValue: "prompt"), "or \"text\" is missing: \(found)")
            }
            prompt = try values.decode(String.self, forKey: key)
            guard !prompt.isEmpty else { throw Self.broken(key, "must not be empty") }
            name = try Self.first(of: ["id", "task_id"], in: values).map { try Self.name($0, in: values) }
        }

        /// The first of some keys whose value is not null.
        private static func first(of names: [String], in values: Values) throws -> Key? {
            try names.map(Key.init(stringValue:)).first { try values.contains($0) && !values.decodeNil(forKey: $0) }
        }

        /// A name may be a string or a number, as people write ids.
        private static func name(_ key: Key, in values: Values) throws -> String {
            if let text = try? values.decode(String.self, forKey: key) { return text }
            if let number = try? values.decode(Int64.self, forKey: key) { return "\(number)" }
            if let number = try? values.decode(UInt64.self, forKey: key) { return "\(number)" }
            if let number = try? values.decode(Double.self, forKey: key) { return "\(number)" }
            throw broken(key, "must be a string or a number")
        }

        private static func broken(_ key: Key, _ reason: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: [key], debugDescription: reason))
        }
    }
}

/// The lines of a file that people wrote prompts into, checked: what is something else is refused in words.
struct PromptLines {
    /// A line that is not blank, without its end.
    struct Line {
        /// From 1.
        let number: Int
        let text: String
    }

    /// Largest file that is read.
    private static let maximumBytes = 1 << 30

    /// What errors call the file.
    let file: String
    /// The lines that are not blank, at least one.
    let lines: [Line]
    private let bytes: ArraySlice<UInt8>

    /// Cuts a file's content into lines.
    init(_ content: [UInt8], file: String) throws(PromptFileError) {
        self.file = file
        // Editors of Windows put a byte order mark in front.
        bytes = content.starts(with: [0xEF, 0xBB, 0xBF]) ? content.dropFirst(3) : content[...]
        var lines: [Line] = []
        for (index, line) in TextLines.split(bytes).enumerated() {
            func refused(_ reason: String) -> PromptFileError {
                PromptFileError(file: file, line: index + 1, reason: reason)
            }
            guard !line.contains(0) else { throw refused("a zero byte; this is a binary file, not a file of prompts") }
            guard let text = String(validating: line, as: UTF8.self) else {
                throw refused("not UTF-8; convert the file first, e.g. with 'iconv -f LATIN1 -t UTF-8'")
            }
            if !text.allSatisfy(\.isWhitespace) { lines.append(Line(number: index + 1, text: text)) }
        }
        guard let first = lines.first else { throw Self.whole(file, "there is no prompt in it") }
        self.lines = lines
        if first.text.drop(while: \.isWhitespace).first == "[", Self.isJSON(bytes) { throw wrongJSON }
    }

    /// Whether the lines are JSON objects: the first one begins with a brace.
    var isJSON: Bool {
        lines.first?.text.drop(while: \.isWhitespace).first == "{"
    }

    /// What the lines stand for, in their order. No two may have the same name, which errors call `label`.
    func decode<Element>(
        label: String,
        name: (Element) -> String,
        _ decode: (Line) throws -> Element
    ) throws(PromptFileError) -> [Element] {
        var elements: [Element] = []
        var lineOfName: [String: Int] = [:]
        for line in lines {
            let element: Element
            do {
                element = try decode(line)
            } catch {
                throw self.error(error, line: line.number)
            }
            let name = name(element)
            if let earlier = lineOfName.updateValue(line.number, forKey: name) {
                let reason = "the \(label) \"\(name)\" is that of line \(earlier) already"
                throw PromptFileError(file: file, line: line.number, reason: reason)
            }
            elements.append(element)
        }
        return elements
    }

    /// What is wrong with a line that a decoder refused.
    private func error(_ error: any Error, line: Int) -> PromptFileError {
        let reason = PromptFileError.reason(of: error)
        // One object over several lines has lines that are no JSON.
        if case DecodingError.dataCorrupted(let context) = error, context.codingPath.isEmpty, Self.isJSON(bytes) {
            return wrongJSON
        }
        return PromptFileError(file: file, line: line, reason: reason)
    }

    private var wrongJSON: PromptFileError {
        Self.whole(file, "JSON, but not one object a line; 'jq -c .[] FILE' makes such lines of an array")
    }

    private static func isJSON(_ bytes: ArraySlice<UInt8>) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
    }

    private static func whole(_ file: String, _ reason: String) -> PromptFileError {
        PromptFileError(file: file, line: nil, reason: reason)
    }

    /// Reads a file, also one that is a pipe.
    static func bytes(ofFile path: String) throws(PromptFileError) -> [UInt8] {
        if isModel(path) { throw whole(path, "a model file, and no prompts") }
        do throws(SystemError) {
            return try FileAccess.read(path, limit: maximumBytes)
        } catch {
            throw whole(path, "cannot be read: \(error.cause)")
        }
    }

    /// Whether a file is a model, which nobody wants to wait for. What a pipe has is left in it.
    private static func isModel(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var start = [UInt8](repeating: 0, count: 4)
        return pread(descriptor, &start, start.count, 0) == start.count && start == Array("GGUF".utf8)
    }
}
