import ArgumentParser
import CascadeCore
import Foundation
import Testing

@testable import cascade

/// `submit --messages`: what it excludes, and the file that it names.
@Suite struct MessagesFileTests {
    @Test(
        arguments: [
            (["Hi"], "a prompt"), (["-"], "a prompt"), (["--raw"], "--raw"),
            (["--system-prompt", "s"], "--system-prompt"),
        ]
    )
    func othersAreExcluded(_ more: [String], _ other: String) throws {
        let error = #expect(throws: (any Error).self) {
            _ = try Cascade.parseAsRoot(["submit", "--messages", "m.json"] + more)
        }
        let words = try Cascade.message(for: #require(error))
        #expect(words.contains("--messages and \(other) exclude each other"), "\(words)")
    }

    @Test func itGoesWithTheChatsOptions() throws {
        let arguments = ["submit", "--messages", "m.json", "--chat", "--parse-special", "--stop", "x"]
        let command = try #require(try Cascade.parseAsRoot(arguments) as? SubmitCommand)
        #expect(command.messages == "m.json" && command.prompt == nil)
    }

    private func withFile<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
        let file = FileManager.default.temporaryDirectory.appending(path: "messages-\(UUID().uuidString).json")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    @Test func theFileIsTheConversation() throws {
        let conversation = try withFile(
            #"{"messages": [{"role": "user", "content": "x"}], "tools": [{"b": 1, "a": 2}]}"#
        ) {
            try MessagesFile.read($0)
        }
        #expect(conversation.messages == [ConversationMessage(role: .user, content: [[0x78]])])
        #expect(conversation.tools == Array(#"[{"b": 1, "a": 2}]"#.utf8))
    }

    @Test func whatIsWrongIsNamedWithItsPlace() throws {
        try withFile(#"[{"role": "user", "content": "x"}, {"role": "bot", "content": "y"}]"#) { path in
            let failure = #expect(throws: CommandFailure.self) { try MessagesFile.read(path) }
            let words = "\(path): messages[1].role: must be one of system, developer, user, assistant, tool"
            #expect(failure?.code == 2 && failure?.message == words)
        }
        let missing = #expect(throws: CommandFailure.self) { try MessagesFile.read("/nowhere/messages.json") }
        #expect(missing?.code == 1 && missing?.message.contains("/nowhere/messages.json") == true)
    }
}
