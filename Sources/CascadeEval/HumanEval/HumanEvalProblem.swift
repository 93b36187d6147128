internal import CascadeHost
package import Foundation

/// One problem of HumanEval (Chen et al., "Evaluating large language models trained on code", 2021).
package struct HumanEvalProblem: Sendable, Equatable, Decodable {
    /// The problem's name, such as `HumanEval/0`.
    package let taskID: String
    /// Python source up to and with the signature and docstring of the function that is to be written.
    package let prompt: String
    /// The name of that function.
    package let entryPoint: String
    /// Python source that defines `check(candidate)`.
    package let test: String
    /// A body that passes, as a continuation of the prompt; nil if the file has none.
    package let canonicalSolution: String?

    private enum CodingKeys: String, CodingKey {
        case taskID = "task_id"
        case prompt
        case entryPoint = "entry_point"
        case test
        case canonicalSolution = "canonical_solution"
    }

    /// Creates a problem of its parts.
    package init(taskID: String, prompt: String, entryPoint: String, test: String, canonicalSolution: String? = nil) {
        self.taskID = taskID
        self.prompt = prompt
        self.entryPoint = entryPoint
        self.test = test
        self.canonicalSolution = canonicalSolution
    }

    /// Where `deploy/scripts/fetch-humaneval` puts the file.
    ///
    /// - Throws: where no home folder is known.
    package static func fetchedFile() throws(PromptFileError) -> URL {
        do {
            return URL(filePath: try Places().data()).appending(path: "HumanEval.jsonl")
        } catch {
            throw PromptFileError(file: "HumanEval.jsonl", line: nil, reason: "\(error)")
        }
    }

    /// The problems of a file of JSON lines, in its order. Blank lines are skipped.
    ///
    /// - Throws: ``PromptFileError`` if the file cannot be read, a line is no problem, a name occurs twice or there is
    ///   no problem at all.
    package static func load(_ file: URL) throws(PromptFileError) -> [HumanEvalProblem] {
        try decode(try PromptLines.bytes(ofFile: file.path), file: file.path)
    }

    /// The problems of JSON lines; `file` is what errors call their source.
    ///
    /// - Throws: ``PromptFileError`` as ``load(_:)`` does.
    package static func decode(_ bytes: [UInt8], file: String) throws(PromptFileError) -> [HumanEvalProblem] {
        let decoder = JSONDecoder()
        return try PromptLines(bytes, file: file).decode(label: "task_id", name: \.taskID) { line in
            try decoder.decode(HumanEvalProblem.self, from: Data(line.text.utf8))
        }
    }
}
