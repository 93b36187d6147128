import Foundation
import ServiceLifecycle
import Synchronization
import Testing

@testable import CascadeGateway

/// What only a real connection shows.
@Suite struct SocketTests {
    private let streamed = #"{"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#

    /// Runs a gateway at a free port.
    private func withServer(
        _ backend: FakeBackend,
        _ change: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        var configuration = GatewayConfiguration()
        configuration.port = 0
        change(&configuration)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let gateway = try Gateway(backend: backend, configuration: configuration, logger: quiet) { port in
            continuation.yield(port)
        }
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try #require(await ports.first { _ in true })
            #expect(port > 0)
            do {
                try await body(port) { await group.triggerGracefulShutdown() }
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// A job that is accepted and says one word, then nothing.
    private static let endless: FakeBackend.Script = { request, continuation in
        FakeBackend.accept(request, continuation)
        FakeBackend.tokens(["begun"], request, continuation)
        try await Task.sleep(for: .seconds(600))
    }

    @Test func aClientThatGoesCancelsItsJobs() async throws {
        let backend = FakeBackend(script: Self.endless)
        try await withServer(backend) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.post("/v1/chat/completions", #"{"n":3,\#(streamed.dropFirst())"#)
            try await client.wait(for: "begun")
            try await eventually { backend.running == 3 }
            try await client.close()
            // No ping is due for 15 seconds: the end of the connection itself is seen.
            let start = ContinuousClock.now
            try await eventually { backend.running == 0 }
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(backend.cancelled == 3)
        }
    }

    @Test func aClientThatGoesBeforeItsWholeAnswer() async throws {
        let backend = FakeBackend(script: Self.endless)
        try await withServer(backend) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.post("/v1/completions", #"{"prompt":"a"}"#)
            try await eventually { backend.running == 1 }
            try await client.close()
            try await eventually { backend.running == 0 }
            #expect(backend.cancelled == 1)
        }
    }

    @Test(arguments: [
        ("/v1/messages", #"{"max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#, "event: ping"),
        ("/v1/responses", #"{"input":"Hi","stream":true}"#, ": ping"),
    ])
    func aClientOfAnotherProtocolThatGoes(_ path: String, _ body: String, _ ping: String) async throws {
        let backend = FakeBackend(script: Self.endless)
        try await withServer(backend, { $0.pingInterval = .milliseconds(50) }) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.post(path, body)
            try await client.wait(for: "begun")
            // More than the one that Anthropic's streams begin with: a silent stream goes on telling.
            try await eventually { client.text.components(separatedBy: ping).count > 3 }
            try await client.close()
            try await eventually { backend.running == 0 }
            #expect(backend.cancelled == 1)
        }
    }

    /// A job that is not even accepted: the cluster does not answer.
    @Test func aClientThatGoesBeforeItsJobIsAccepted() async throws {
        let backend = FakeBackend { _, _ in try await Task.sleep(for: .seconds(600)) }
        try await withServer(backend) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.post("/v1/chat/completions", streamed)
            try await eventually { backend.running == 1 }
            try await client.close()
            try await eventually { backend.running == 0 }
        }
    }

    @Test func severalRequestsOnOneConnection() async throws {
        let backend = FakeBackend()
        try await withServer(backend) { port, _ in
            let client = try await RawConnection.open(port)
            for count in 1...3 {
                try await client.post("/v1/chat/completions", streamed)
                try await eventually { client.text.components(separatedBy: "[DONE]").count == count + 1 }
            }
            #expect(!client.isClosed)
            #expect(backend.cancelled == 0)
        }
    }

    @Test func shuttingDownEndsStreamsInWords() async throws {
        let backend = FakeBackend(script: Self.endless)
        try await withServer(backend) { port, shutDown in
            let client = try await RawConnection.open(port)
            try await client.post("/v1/chat/completions", streamed)
            try await client.wait(for: "begun")
            await shutDown()
            try await client.wait(for: #""code":"shutting_down""#)
            try await eventually { backend.running == 0 && client.isClosed }
            #expect(!client.text.contains("[DONE]"))
        }
    }

    @Test func manyStreamsAtOnce() async throws {
        let words = (0..<50).map { "w\($0) " }
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            for word in words {
                FakeBackend.tokens([word], request, continuation)
                try await Task.sleep(for: .microseconds(200))
            }
            FakeBackend.finish(words.count, request, continuation)
        }
        try await withServer(backend) { port, _ in
            let clients = try await withThrowingTaskGroup(of: RawConnection.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        let client = try await RawConnection.open(port)
                        try await client.post("/v1/chat/completions", streamed)
                        try await client.wait(for: "[DONE]")
                        return client
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(clients.count == 64)
            for client in clients {
                let deltas = client.text.components(separatedBy: #"{"content":""#).dropFirst().map {
                    $0.prefix { $0 != "\"" }
                }
                #expect(deltas.joined() == words.joined())
                try await client.close()
            }
            #expect(backend.cancelled == 0)
        }
    }

    /// A client that does not read holds up its own answer, not another's, and not for ever.
    @Test func slowReaders() async throws {
        let word = String(repeating: "x", count: 64 << 10)
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            guard request.maxTokens == nil else { return FakeBackend.say(["quick"], request, continuation) }
            for _ in 0..<400 { FakeBackend.tokens([word], request, continuation) }
            try await Task.sleep(for: .seconds(600))
        }
        try await withServer(backend, { $0.writeTimeout = .milliseconds(500) }) { port, _ in
            let slow = try await RawConnection.open(port, reads: false)
            try await slow.post("/v1/chat/completions", streamed)
            try await eventually { backend.running == 1 }
            let quick = try await RawConnection.open(port)
            try await quick.post("/v1/completions", #"{"prompt":"a","stream":true}"#)
            try await quick.wait(for: "[DONE]")
            // 25 MB are more than the kernel takes for a client that does not read: its job is given up.
            try await eventually { backend.cancelled == 1 }
            #expect(!quick.isClosed)
            try await slow.close()
        }
    }

    /// A client that does not send its whole request is not waited for.
    @Test func slowWriters() async throws {
        let change: (inout GatewayConfiguration) -> Void = {
            ($0.bodyTimeout, $0.idleTimeout) = (.milliseconds(200), .milliseconds(400))
        }
        try await withServer(FakeBackend(), change) { port, _ in
            let body = try await RawConnection.open(port)
            try await body.send(
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 1000\r\n\r\n{\"prompt\""
            )
            try await eventually { body.isClosed }
            let head = try await RawConnection.open(port)
            try await head.send("GET /health HTTP/1.1\r\nHost: loc")
            try await eventually { head.isClosed }
            #expect(head.text.isEmpty)
        }
    }

    @Test func headersHaveAnEnd() async throws {
        try await withServer(FakeBackend(), { $0.mostHeaderBytes = 1_000 }) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.send(
                "GET /health HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 2_000))\r\n\r\n"
            )
            try await client.wait(for: "HTTP/1.1 400")
            try await eventually { client.isClosed }
        }
    }

    @Test func connectionsHaveAnEnd() async throws {
        try await withServer(FakeBackend(), { $0.mostConnections = 2 }) { port, _ in
            let request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let first = try await RawConnection.open(port)
            let second = try await RawConnection.open(port)
            for client in [first, second] {
                try await client.send(request)
                try await client.wait(for: "ok")
            }
            let third = try await RawConnection.open(port)
            try await third.send(request)
            try await Task.sleep(for: .milliseconds(100))
            #expect(third.text.isEmpty)
            try await first.close()
            try await third.wait(for: "ok")
        }
    }

    @Test func hostsAreChecked() async throws {
        try await withServer(FakeBackend()) { port, _ in
            let client = try await RawConnection.open(port)
            try await client.send("GET /v1/models HTTP/1.1\r\nHost: evil.example:\(port)\r\n\r\n")
            try await client.wait(for: "host_not_allowed")
            #expect(client.text.hasPrefix("HTTP/1.1 403"))
        }
    }

    @Test func keysAreReadAgainWhileItRuns() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)").path
        try Data("first-key-0123456789 me".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try APIKeyStore(path: path)
        let change: (inout GatewayConfiguration) -> Void = {
            ($0.keys, $0.keysInterval) = (store, .milliseconds(10))
        }
        try await withServer(FakeBackend(), change) { _, _ in
            try Data("second-key-0123456789 me".utf8).write(to: URL(filePath: path))
            try await eventually { store.entry(of: "second-key-0123456789") != nil }
            #expect(store.entry(of: "first-key-0123456789") == nil)
        }
    }

    private final class Heard: Sendable {
        private let state = Mutex<[String]>([])
        var words: [String] { state.withLock { $0 } }
        func hear(_ word: String) { state.withLock { $0.append(word) } }
    }

    @Test func listenersOfAnEnd() {
        let end = EndSignal()
        let heard = Heard()
        let first = end.whenEnded { heard.hear("forgotten") }
        _ = end.whenEnded { heard.hear("told") }
        end.forget(first)
        #expect(end.listenerCount == 1 && !end.hasEnded)
        end.end()
        end.end()
        _ = end.whenEnded { heard.hear("late") }
        #expect(heard.words == ["told", "late"])
        #expect(end.listenerCount == 0)
    }
}
