import CascadeCore
import CascadeKeys
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

/// A cluster with keys, by real processes: it answers, and whoever has the wrong key changes nothing.
@Suite(.serialized) struct KeysTests {
    /// What must not change.
    private func state(_ cluster: TestCluster) async throws -> [String] {
        let nodes = try await cluster.nodes().map { "\($0.node_id) \($0.role) \($0.state)" }
        let status = try await cluster.client(["status", "--json"]).output
        // Those of the whole cluster; each owner's stand further to the right.
        let jobs = status.split(separator: "\n").filter { $0.hasPrefix("  \"") && $0.contains("_jobs\"") }
            .map(String.init)
        // Queued, running, finished, suspected, set aside.
        #expect(jobs.count == 5)
        return nodes + jobs
    }

    @Test(.timeLimit(.minutes(2)))
    func aClusterWithKeysAnswersAsOneWithout() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let prompt = ClusterTests.prompts[1]
        let expected = try await Generated.run(model: ClusterTests.expert, texts: [prompt], maxTokens: 64)[0]
        let arguments = ["submit", prompt, "--raw", "--json", "--max-tokens", "64", "--num-speculative-tokens", "4"]
        for role in [KeyRole.client, .admin] {
            let answer = try Answer(await cluster.client(arguments + ["--key", keys.file(role)]))
            #expect(answer.tokens == expected.tokens)
        }
    }

    /// F23: no key, an unknown key, a key for another coordinator, a key of another role.
    @Test(.timeLimit(.minutes(2)))
    func wrongKeysChangeNothing() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let before = try await state(cluster)

        let naked = try await CascadeProcess.run(["submit", "x", "--endpoint", cluster.endpoint])
        #expect(naked.code == 4 && naked.errors.contains("demands a key"), "\(naked.errors)")
        let stranger = try await cluster.client(["submit", "x", "--key", keys.stranger(.client)])
        #expect(stranger.code == 4 && stranger.errors.contains("does not know the key"), "\(stranger.errors)")
        let others = try TestKeys()
        let elsewhere = try await cluster.client(["submit", "x", "--key", others.file(.client)])
        withExtendedLifetime(others) {}
        #expect(elsewhere.code == 4 && elsewhere.errors.contains("is not the one that the key"), "\(elsewhere.errors)")
        let node = try await cluster.client(["submit", "x", "--key", keys.file(.expert)])
        #expect(node.code == 4 && node.errors.contains("may not send submit"), "\(node.errors)")

        // A node with the key of a client is stopped by its own program; one that lies to it, by the coordinator.
        let expert = ["expert", "--model", ClusterTests.expert, "--endpoint", cluster.endpoint]
        let wrongRole = try await CascadeProcess.run(expert + ["--key", keys.file(.drafter)])
        #expect(wrongRole.code == 2 && wrongRole.errors.contains("needs one of role expert"), "\(wrongRole.errors)")
        let forged = try keys.copy(.client)
        let text = try String(contentsOfFile: forged, encoding: .utf8).replacing("role client", with: "role expert")
        try Data(text.utf8).write(to: URL(filePath: forged))
        chmod(forged, 0o600)
        let liar = try await CascadeProcess.run(expert + ["--key", forged])
        #expect(liar.code == 4 && liar.errors.contains("may not send hello as expert"), "\(liar.errors)")
        #expect(try cluster.coordinator.errors.contains("message forbidden"))
        // An unknown key's node says so and goes on trying.
        let waiting = try CascadeProcess(expert + ["--key", keys.stranger(.expert)])
        try await waitUntil("the node says why it waits") { waiting.errors.contains("does not know the key") }
        #expect(try await state(cluster) == before)
        waiting.signal(SIGTERM)
        #expect(await waiting.result().code == 0)
    }

    /// F23: what a node said is said again, from another connection and by the owner of another key.
    @Test(.timeLimit(.minutes(2)))
    func aReplayedHelloChangesNothing() async throws {
        let keys = try TestKeys()
        let cluster = try keys.cluster()
        try await waitUntil("the coordinator listens") { try cluster.coordinator.errors.contains("listening") }
        let recorder = try RawRecorder(target: cluster.port)
        let name = ["--node-id", "the-expert"]
        let node = try CascadeProcess(
            ["expert", "--model", ClusterTests.expert, "--endpoint", "tcp://127.0.0.1:\(recorder.port)"] + name
                + ["--key", keys.file(.expert)]
        )
        try await cluster.waitForReady(1)
        let before = try await state(cluster)
        let said = recorder.bytes
        #expect(said.count > 500)
        for _ in 0..<5 {
            let socket = try #require(TCPSocket.connect(port: cluster.port))
            TCPSocket.send(socket, said)
            // The coordinator hangs up at the first sentence that was meant for another connection.
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while recv(socket, &buffer, buffer.count, 0) > 0 {}
            close(socket)
        }
        #expect(try await state(cluster) == before)

        let other = try keys.folder.make("other-expert", role: .expert)
        let thief = try await CascadeProcess.run(
            ["expert", "--model", ClusterTests.expert, "--endpoint", cluster.endpoint, "--key", other] + name
        )
        #expect(thief.code == 4 && thief.errors.contains("belongs to another key"), "\(thief.errors)")
        #expect(try await state(cluster) == before)
        let answer = try Answer(await cluster.client(["submit", "x", "--raw", "--json", "--max-tokens", "8"]))
        #expect(answer.tokens.count > 0)
        node.signal(SIGTERM)
        #expect(await node.result().code == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func clientsMayNotDrainAndAdminsMay() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let name = try #require(try await cluster.nodes().first { $0.role == "drafter" }).node_id
        func drain(_ role: KeyRole) async throws {
            let client = try ClusterClient(endpoint: cluster.endpoint, key: try ConnectionKey(path: keys.file(role)))
            let request = Message.drainNode(DrainNode(requestID: 99, name: name))
            do {
                let _: Bool = try await client.request(request, seconds: 5) { message in
                    if case .nodeList = message { true } else { nil }
                }
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
        let error = await #expect(throws: NodeError.self) { try await drain(.client) }
        guard case .refused(let reason) = error else {
            Issue.record("\(String(describing: error)) is no refusal, which ends in exit code 4")
            return
        }
        #expect(reason.contains("may not send drainNode"))
        #expect(try await cluster.nodes().count == 2)
        try? await drain(.admin)
        try await waitUntil("the drafter leaves") { try await cluster.nodes().count == 1 }
    }

    /// A key that is taken back counts at once, also on connections that stand.
    @Test(.timeLimit(.minutes(2)))
    func revokedKeysLoseTheirRightsWithinSeconds() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let copy = try keys.copy(.drafter)
        let revoked = try await CascadeProcess.run(
            ["keys", "revoke", "test-drafter", "--keys", keys.folder.path]
        )
        #expect(revoked.code == 0, "\(revoked.errors)")
        try await waitUntil("the drafter is gone", seconds: 4) { try await cluster.nodes().count == 1 }
        // The next connection is not even made.
        let late = try CascadeProcess(
            ["drafter", "--model", ClusterTests.drafter, "--endpoint", cluster.endpoint, "--key", copy]
        )
        try await waitUntil("it is told so") { late.errors.contains("does not know the key") }
        #expect(try await cluster.nodes().count == 1)
        // A new key of that name lets a new process in, while the coordinator runs.
        let made = try await CascadeProcess.run(
            ["keys", "new", "test-drafter", "--role", "drafter", "--keys", keys.folder.path]
        )
        #expect(made.code == 0 && made.output == keys.file(.drafter) + "\n", "\(made.errors)")
        try cluster.start(.drafter, model: ClusterTests.drafter, arguments: ["--key", keys.file(.drafter)])
        try await cluster.waitForReady(2)
        let list = try await CascadeProcess.run(["keys", "list", "--json", "--keys", keys.folder.path])
        #expect(list.code == 0 && list.output.contains("\"name\" : \"test-drafter\""))
        late.signal(SIGKILL)
    }

    @Test(.timeLimit(.minutes(1)))
    func listeningBeyondLoopbackNeedsKeysOrInsistence() async throws {
        let empty = FileManager.default.temporaryDirectory.appending(path: "cascade-none-\(UUID().uuidString)").path
        let listen = ["coordinator", "--listen", "tcp://0.0.0.0:\(try TCPSocket.freePort())"]
        let refused = try await CascadeProcess.run(listen, environment: ["XDG_CONFIG_HOME": empty])
        #expect(refused.code == 2)
        #expect(refused.errors.contains("cascade keys new") && refused.errors.contains("--insecure"))
        let named = try await CascadeProcess.run(listen + ["--keys", empty])
        #expect(named.code == 1 && named.errors.contains("no keys in \(empty)"), "\(named.errors)")
        let both = try await CascadeProcess.run(listen + ["--keys", empty, "--insecure"])
        #expect(both.code == 2 && both.errors.contains("exclude each other"))
        let insecure = try CascadeProcess(listen + ["--insecure"])
        try await waitUntil("it listens") { insecure.errors.contains("listening") }
        insecure.signal(SIGTERM)
        #expect(await insecure.result().code == 0)
    }
}
