import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// Bad input: a clear message and an exit code, never a hang or a crash.
@Suite(.serialized) struct RefusalTests {
    @Test(.timeLimit(.minutes(1)))
    func nobodyAtTheEndpoint() async throws {
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let nodes = try await CascadeProcess.run(["nodes", "--endpoint", endpoint])
        #expect(nodes.code == 3)
        #expect(nodes.errors.contains("no coordinator answers at \(endpoint)"))
        let submit = try await CascadeProcess.run(["submit", "x", "--endpoint", endpoint, "--timeout", "2"])
        #expect(submit.code == 3)
        #expect(submit.errors.contains(endpoint))
    }

    @Test(arguments: [
        (["submit"], "no prompt", 2), (["submit", "x", "--rule", "nonsense"], "nonsense", 2),
        (["submit", "x", "--alpha", "0.5"], "name another rule", 2),
        (["submit", "x", "--temperature=-1"], "temperature must be", 2),
        (["submit", "x", "--top-p", "0"], "top-p must be", 2),
        (["submit", "x", "--rule", "chow", "--gate", "processed"], "gate processed", 2),
        (["nonsense"], "nonsense", 2), (["cancel", "123"], "is not a job id", 2),
        (["expert", "--model", "/no/such/file.gguf"], "/no/such/file.gguf", 1),
        (["coordinator", "--listen", "tcp://0.0.0.0:5570"], "--insecure", 2),
        (["coordinator", "--listen", "nonsense"], "nonsense", 2),
        (["model", "generate", "--model", "/no/such/file.gguf", "x"], "/no/such/file.gguf", 1),
    ])
    func usage(_ arguments: [String], _ words: String, _ code: Int32) async throws {
        let input: String? = arguments == ["submit"] ? "" : nil
        let result = try await CascadeProcess.run(arguments, input: input)
        #expect(result.code == code, "\(result.errors)")
        if arguments != ["submit"] { #expect(result.errors.contains(words), "\(result.errors)") }
        #expect(!result.errors.contains("Fatal error"))
    }

    @Test(.timeLimit(.minutes(1)))
    func portInUse() async throws {
        let (socket, port) = try TCPSocket.listen()
        defer { close(socket) }
        let result = try await CascadeProcess.run(["coordinator", "--listen", "tcp://127.0.0.1:\(port)"])
        #expect(result.code == 1)
        #expect(result.errors.contains("in use"))
        #expect(result.errors.contains("\(port)"))
    }

    @Test(.timeLimit(.minutes(1)))
    func garbageOnTheCoordinatorsPort() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let socket = try #require(TCPSocket.connect(port: cluster.port))
            TCPSocket.send(socket, (0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) })
            close(socket)
        }
        let http = try #require(TCPSocket.connect(port: cluster.port))
        TCPSocket.send(http, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        let answer = try Answer(await cluster.client(["submit", "hello", "--raw", "--json", "--max-tokens", "8"]))
        close(http)
        #expect(answer.tokens.count > 0)
        #expect(try await cluster.nodes().count == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func wrongVocabulary() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        let stranger = try ForeignModel.make()
        defer { try? FileManager.default.removeItem(atPath: stranger) }
        let drafter = try cluster.start(.drafter, model: stranger)
        let result = await drafter.result()
        #expect(result.code == 4)
        #expect(result.errors.contains("are not those of pool default"))
        let up = try await CascadeProcess.run([
            "up", "--drafter", stranger, "--expert", ClusterTests.expert, "--endpoint",
            "tcp://127.0.0.1:\(try TCPSocket.freePort())",
        ])
        #expect(up.code == 1)
        #expect(up.errors.contains("cannot work as a pair"))
    }

    @Test(.timeLimit(.minutes(1)))
    func promptLongerThanTheContext() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        let long = String(repeating: "word and another ", count: 2_000)
        let result = try await cluster.client(["submit", long, "--raw", "--json"])
        #expect(result.code == 4)
        #expect(result.errors.contains("the prompt has more than "))
        let answer = try Answer(await cluster.client(["submit", "hi", "--raw", "--json", "--max-tokens", "30000"]))
        #expect(answer.finish_reason == "length" || answer.finish_reason == "stop")
    }
}
