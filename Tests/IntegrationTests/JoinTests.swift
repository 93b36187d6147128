import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// `cascade up --listen` on one machine, `cascade join` on another: here both are this one.
@Suite(.serialized) struct JoinTests {
    @Test(.timeLimit(.minutes(2)))
    func theLineThatUpPrintsAddsANode() async throws {
        let base = FileManager.default.temporaryDirectory.appending(path: "cascade-join-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: base) }
        let environment = [
            "XDG_STATE_HOME": base.appending(path: "state").path,
            "XDG_CONFIG_HOME": base.appending(path: "config").path,
        ]
        func run(_ arguments: [String]) async throws -> CascadeProcess.Result {
            try await CascadeProcess.run(arguments, environment: environment)
        }
        let port = try TCPSocket.freePort()
        let local = ["--endpoint", "tcp://127.0.0.1:\(port)"]
        let up = try await run(
            [
                "up", "-d", "--listen", "tcp://0.0.0.0:\(port)", "--threads", "1", "--drafter", ClusterTests.drafter,
                "--expert", ClusterTests.expert,
            ]
        )
        #expect(up.code == 0, "\(up.errors)")

        // No key is named: that of `up` is found.
        let answer = try Answer(await run(["submit", "x", "--raw", "--json", "--max-tokens", "8"] + local))
        #expect(!answer.tokens.isEmpty)
        for command in ["health", "status", "nodes"] {
            #expect(try await run([command] + local).code == 0, "\(command)")
        }

        let line = try #require(
            up.errors.split(separator: "\n").first { $0.contains("cascade join") && $0.contains("expert") }
        )
        var words = line.split(separator: " ").map(String.init).dropFirst().map(\.self)
        #expect(words.count == 8 && words[0] == "join" && words[1].hasSuffix(":\(port)") && words[2] == "--key")
        #expect(!words[1].contains("0.0.0.0") && !words[1].contains("127.0.0.1"))
        words[3] = base.appending(path: "config/cascade/keys").appending(path: words[3]).path
        let guest = try CascadeProcess(words + ["--threads", "1"], environment: environment)
        try await waitUntil("the guest is ready") {
            let result = try await run(["nodes", "--json"] + local)
            return result.output.components(separatedBy: "\"ready\"").count == 4
        }
        // The key says what it is for.
        let noRole = try CascadeProcess(
            ["join", words[1], "--key", words[3], "--model", ClusterTests.expert, "--threads", "1"],
            environment: environment
        )
        try await waitUntil("the second guest is ready") { noRole.errors.contains("ready") }
        for process in [guest, noRole] {
            process.signal(SIGTERM)
            #expect(await process.result().code == 0)
        }
        let down = try await run(["down"] + local)
        #expect(down.code == 0 && down.errors.contains("has ended"), "\(down.errors)")
    }

    @Test func whatJoinLacksIsNamed() async throws {
        let keys = try TestKeys()
        let none = try await CascadeProcess.run(["join", "tcp://127.0.0.1:1", "--model", ClusterTests.expert])
        #expect(none.code == 2 && none.errors.contains("--role"))
        let client = ["join", "tcp://127.0.0.1:1", "--model", ClusterTests.expert, "--key", keys.file(.client)]
        let wrong = try await CascadeProcess.run(client)
        #expect(wrong.code == 2 && wrong.errors.contains("role client"))
        let other = try await CascadeProcess.run(client.dropLast() + [keys.file(.drafter), "--role", "expert"])
        #expect(other.code == 2 && other.errors.contains("role drafter"))
    }
}
