import Foundation
import Testing

@testable import CascadeEval

struct HumanEvalProblemTests {
    private let good = #"""
        {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "t", "canonical_solution": "s"}
        """#

    private func decode(_ text: String) throws -> [HumanEvalProblem] {
        try HumanEvalProblem.decode(Array(text.utf8), file: "some.jsonl")
    }

    @Test func readsLines() throws {
        let other = #"{"test": "t", "entry_point": "g", "prompt": "", "task_id": "T/1", "more": [1]}"#
        let problems = try decode("\(good)\n\n  \r\n\(other)")
        #expect(
            problems == [
                HumanEvalProblem(
                    taskID: "T/0",
                    prompt: "def f():\n",
                    entryPoint: "f",
                    test: "t",
                    canonicalSolution: "s"
                ),
                HumanEvalProblem(taskID: "T/1", prompt: "", entryPoint: "g", test: "t"),
            ]
        )
    }

    @Test(arguments: [
        (#"{"task_id": "T/1", "entry_point": "f", "test": "t"}"#, #""prompt" is missing"#),
        (#"{"task_id": "T/1", "prompt": 3, "entry_point": "f", "test": ""}"#, #""prompt" must be a string"#),
        (#"{"task_id": "T/1", "prompt": "", "entry_point": null, "test": ""}"#, #""entry_point" must not be null"#),
        ("[]", "the line must be a JSON object"),
        ("{", "the line is not JSON"),
    ])
    func namesTheLine(line: String, reason: String) throws {
        let error = try #require(throws: PromptFileError.self) { try decode("\(good)\n\(line)\n") }
        #expect("\(error)" == "some.jsonl, line 2: \(reason)")
    }

    @Test func namesTheFile() throws {
        let twice = try #require(throws: PromptFileError.self) { try decode("\(good)\n\(good)") }
        #expect("\(twice)" == #"some.jsonl, line 2: the task_id "T/0" is that of line 1 already"#)
        let empty = try #require(throws: PromptFileError.self) { try decode("\n") }
        #expect("\(empty)" == "some.jsonl: there is no prompt in it")
        let missing = try #require(throws: PromptFileError.self) {
            try HumanEvalProblem.load(URL(filePath: "/nowhere/x.jsonl"))
        }
        #expect(missing.file == "/nowhere/x.jsonl" && missing.line == nil)
    }
}
