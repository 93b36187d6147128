internal import CascadeCore
internal import CascadeHost
internal import Foundation

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
