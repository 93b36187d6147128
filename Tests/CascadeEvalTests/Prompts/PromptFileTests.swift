import Foundation
import Testing

@testable import CascadeEval

/// Files of prompts as people have them; what is none is refused in words.
struct PromptFileTests {
    private func decode(_ text: String) throws -> [NamedPrompt] {
        try PromptFile.decode(Array(text.utf8), file: "some.jsonl")
    }

    @Test(arguments: [
        ("{\"prompt\": \"a\\nb\"}\n\n{\"text\": \"c\"}\n", ["a\nb", "c"]),
        ("{\"task_id\": \"HumanEval/0\", \"prompt\": \"def f():\", \"test\": \"\"}", ["def f():"]),
        ("one prompt\n  two {words}\n\n", ["one prompt", "  two {words}"]),
        // A line feed ends a line, with a carriage return in front of it or without, and nothing else does.
        ("{\"prompt\": \"a\u{2028}b\u{85}c\u{2029}d\"}\n{\"prompt\": \"e\"}", ["a\u{2028}b\u{85}c\u{2029}d", "e"]),
        ("one\u{2028}line\u{85}still\u{0B}it\u{0C}is\ntwo", ["one\u{2028}line\u{85}still\u{0B}it\u{0C}is", "two"]),
        ("{\"prompt\": \"a\"}\r\n\r\n{\"prompt\": \"b\"}\r\n", ["a", "b"]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("a\rb\n", ["a\rb"]),
        // Editors of Windows put a byte order mark in front.
        ("\u{FEFF}{\"prompt\": \"a\"}\n", ["a"]),
        ("[INST] is no array\n", ["[INST] is no array"]),
        ("{\"prompt\": null, \"text\": \"b\"}", ["b"]),
    ])
    func promptsInOrder(_ content: String, _ expected: [String]) throws {
        #expect(try decode(content).map { Array($0.prompt.utf8) } == expected.map { Array($0.utf8) })
    }

    /// An id is a string or a number.
    @Test func names() throws {
        let lines = [
            #"{"id": 1, "prompt": "a"}"#, #"{"id": "two", "prompt": "b"}"#, #"{"task_id": "T/3", "prompt": "c"}"#,
            #"{"id": -4.5, "prompt": "d"}"#, #"{"id": 18446744073709551615, "prompt": "e"}"#, #"{"prompt": "f"}"#,
            #"{"id": null, "prompt": "g"}"#,
        ]
        let names = ["1", "two", "T/3", "-4.5", "18446744073709551615", "line 6", "line 7"]
        #expect(try decode(lines.joined(separator: "\n")).map(\.name) == names)
        #expect(try decode("a\n\nb").map(\.name) == ["line 1", "line 3"])
    }

    @Test(
        arguments: [
            ("", ": there is no prompt in it"),
            ("\n \n", ": there is no prompt in it"),
            ("{\"prompt\": \"a\"}\nplain", ", line 2: the line is not JSON"),
            ("{\"prompt\": \"a\"}\n[1]", ", line 2: the line must be a JSON object"),
            ("{", ", line 1: the line is not JSON"),
            ("{\"b\": 1, \"a\": 2}", ", line 1: \"prompt\" or \"text\" is missing: the object has \"a\", \"b\""),
            ("{}", ", line 1: \"prompt\" or \"text\" is missing: the object is empty"),
            ("\n{\"prompt\": \"\"}", ", line 2: \"prompt\" must not be empty"),
            ("{\"text\": 3}", ", line 1: \"text\" must be a string"),
            ("{\"id\": true, \"prompt\": \"a\"}", ", line 1: \"id\" must be a string or a number"),
            ("{\"id\": [1], \"prompt\": \"a\"}", ", line 1: \"id\" must be a string or a number"),
            (
                "{\"id\": 1, \"prompt\": \"a\"}\n{\"id\": \"1\", \"prompt\": \"b\"}",
                ", line 2: the name \"1\" is that of line 1 already"
            ),
            (
                "[{\"prompt\": \"a\"}]",
                ": JSON, but not one object a line; 'jq -c .[] FILE' makes such lines of an array"
            ),
            (
                "[\n  \"a\",\n  \"b\"\n]\n",
                ": JSON, but not one object a line; 'jq -c .[] FILE' makes such lines of an array"
            ),
            (
                "{\n  \"prompt\": \"a\"\n}\n",
                ": JSON, but not one object a line; 'jq -c .[] FILE' makes such lines of an array"
            ),
            ("one\ntwo\0three", ", line 2: a zero byte; this is a binary file, not a file of prompts"),
        ]
    )
    func whatIsNoPromptFile(_ content: String, _ words: String) throws {
        let error = try #require(throws: PromptFileError.self) { try decode(content) }
        #expect("\(error)" == "some.jsonl" + words)
    }

    @Test func otherBytes() throws {
        let latin = try #require(throws: PromptFileError.self) {
            try PromptFile.decode(Array("ok\ncaf".utf8) + [0xE9], file: "some.txt")
        }
        #expect("\(latin)".hasPrefix("some.txt, line 2: not UTF-8"))
        let folder = FileManager.default.temporaryDirectory.path
        #expect(throws: PromptFileError.self) { try PromptFile.read(folder) }
        let missing = try #require(throws: PromptFileError.self) { try PromptFile.read("/nowhere/x.jsonl") }
        #expect("\(missing)" == "/nowhere/x.jsonl: cannot be read: No such file or directory")
        let model = FileManager.default.temporaryDirectory.appending(path: "model-\(UUID().uuidString)")
        try Data("GGUF and more".utf8).write(to: model)
        defer { try? FileManager.default.removeItem(at: model) }
        let refused = try #require(throws: PromptFileError.self) { try PromptFile.read(model.path) }
        #expect(refused.reason == "a model file, and no prompts")
        // Larger than what is read of a file of prompts.
        truncate(model.path, 2 << 30)
        let large = try #require(throws: PromptFileError.self) { try PromptFile.read(model.path) }
        #expect(large.reason == refused.reason)
    }
}
