import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// What a peer calls itself, or says, moves no cursor, renames no window and makes no second line of a log.
@Suite struct HostileNameTests {
    private static let name = "a\u{1B}]0;owned\u{7}\n2026-11-29T00:00:00Z info b\u{9B}31m\u{202E}c\u{7F}\rd"

    /// Bytes that a terminal would obey; line feeds and tabs are this program's own.
    private static func dangerous(_ text: String) -> [String] {
        text.unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x0A, 0x09: false
            case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
            default: false
            }
        }.map { String($0.value, radix: 16) }
    }

    @Test(.timeLimit(.minutes(2))) func inTablesLogsAndErrors() async throws {
        let cluster = try TestCluster(coordinator: ["--log-level", "trace"])
        let names = ["--node-id", Self.name, "--log-level", "trace"]
        let expert = try cluster.start(.expert, model: ClusterTests.expert, arguments: names)
        try await cluster.waitForReady(1)
        // A second of that name is told why it is refused.
        let second = try cluster.start(.expert, model: ClusterTests.expert, arguments: names)
        try await waitUntil("it is told") { second.errors.contains("another live node") }
        let lines: [[String]] = [
            ["nodes"], ["status"], ["health"], ["submit", "--raw", "--max-tokens", "4", "\u{1B}[2Jx"], ["jobs"],
            ["submit", "--pool", "p\u{1B}[31m\n", "--detach", "x"], ["jobs"],
            ["nodes", "drain", "no\u{1B}[31m\u{202E}such"],
            ["nodes", "drain", Self.name],
        ]
        var table = ""
        for line in lines {
            let result = try await cluster.client(line)
            #expect(Self.dangerous(result.errors).isEmpty, "\(line): \(result.errors.debugDescription)")
            if line[0] == "submit" { continue }
            #expect(Self.dangerous(result.output).isEmpty, "\(line): \(result.output.debugDescription)")
            if line == ["nodes"] { table = result.output }
        }
        // A row each: the name's line feed made no second one.
        #expect(table.split(separator: "\n").count == 2 && table.contains("\\u{1b}]0;owned"), "\(table)")
        let logs = [try cluster.coordinator.errors, expert.errors, second.errors]
        for log in logs { #expect(Self.dangerous(log).isEmpty, "\(log.debugDescription)") }
        #expect(logs[0].contains("owned"), "the coordinator's log names the node")
        #expect(!logs.contains { $0.contains("\n2026-11-29T00:00:00Z info b") })
    }

    /// JSON is read by programs and shown by terminals.
    @Test(.timeLimit(.minutes(1))) func inJSON() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert, arguments: ["--node-id", Self.name])
        try await cluster.waitForReady(1)
        let result = try await cluster.client(["nodes", "--json"])
        #expect(Self.dangerous(result.output).isEmpty, "\(result.output.debugDescription)")
        #expect(try JSONDecoder().decode([NodeLine].self, from: Data(result.output.utf8)).map(\.node_id) == [Self.name])
    }

    /// The text of an answer is nobody's to change, but on a terminal.
    @Test(.timeLimit(.minutes(1))) func anAnswerIsShownOnATerminal() async throws {
        // A drafter of templates is not needed: the model repeats nothing, so its own bytes are what there is to see.
        let model = ClusterTests.expert
        let command = [
            "model", "generate", "--model", model, "--max-tokens", "200", "--temperature", "3", "--seed", "1", "x",
        ]
        let plain = try await CascadeProcess.run(command)
        let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        let launcher = ["/usr/bin/env", "python3", "-c", script]
        let shown = try await CascadeProcess.run(command, launcher: launcher)
        let obeyed = try await CascadeProcess.run(command + ["--allow-escapes"], launcher: launcher)
        #expect(!Self.dangerous(plain.output).isEmpty, "this seed writes control characters")
        // The terminal itself adds carriage returns.
        func own(_ text: String) -> [String] { Self.dangerous(text.replacing("\r\n", with: "\n")) }
        #expect(own(shown.output).isEmpty, "\(shown.output.debugDescription)")
        #expect(shown.output.contains("\\u{"))
        #expect(!own(obeyed.output).isEmpty)
    }
}
