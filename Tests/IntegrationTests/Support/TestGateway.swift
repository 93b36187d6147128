import CascadeTestSupport
import Foundation
import Testing

/// A gateway in front of a cluster, a process like any other, and `curl` as its client.
final class TestGateway: Sendable {
    let port: UInt16
    let process: CascadeProcess

    /// Starts it and waits until it would answer.
    init(_ cluster: TestCluster, arguments: [String] = []) async throws {
        let port = try TCPSocket.freePort()
        self.port = port
        process = try cluster.startClient(["gateway", "--http", "127.0.0.1:\(port)"] + arguments)
        try await waitUntil("the gateway is ready") { try await get("/ready").status == 200 }
    }

    /// What came of a request.
    struct Answer {
        var status: Int
        var body: String

        func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
            try JSONDecoder().decode(type, from: Data(body.utf8))
        }

        /// The data of a stream's events, in order; the last is `[DONE]` where it ended well.
        var events: [String] {
            body.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }

        /// The pieces of a stream of completions.
        func pieces() throws -> [Completion] {
            try events.filter { $0 != "[DONE]" }
                .map { try JSONDecoder().decode(Completion.self, from: Data($0.utf8)) }
        }
    }

    /// A completion, or a piece of one, as far as tests read it.
    struct Completion: Decodable {
        struct Choice: Decodable {
            var index: Int
            var text: String
            var finish_reason: String?
        }

        struct Ledger: Decodable {
            var rule: String
            var drafted: Int
            var bonus: Int
        }

        struct Usage: Decodable {
            var prompt_tokens: Int
            var completion_tokens: Int
        }

        var choices: [Choice]
        var cascade: Ledger?
        var usage: Usage?
    }

    /// An error, as OpenAI has it.
    struct Failure: Decodable {
        struct Detail: Decodable {
            var message: String
            var type: String
            var param: String?
        }

        var error: Detail
    }

    func get(_ path: String, headers: [String] = []) async throws -> Answer {
        try await Self.finish(curl(headers.flatMap { ["-H", $0] }, path))
    }

    func post(_ path: String, _ body: String, headers: [String] = []) async throws -> Answer {
        try await Self.finish(start(path, body, headers: headers))
    }

    /// Begins a request; what has come of it so far is the process's output.
    func start(_ path: String, _ body: String, headers: [String] = []) throws -> CascadeProcess {
        let fields = (["Content-Type: application/json"] + headers).flatMap { ["-H", $0] }
        return try curl(fields + ["--data-binary", body], path)
    }

    func curl(_ arguments: [String], _ path: String) throws -> CascadeProcess {
        let line = ["-sS", "-N", "--max-time", "120", "-w", "\n%{http_code}"] + arguments
        return try CascadeProcess(
            ["curl"] + line + ["http://127.0.0.1:\(port)\(path)"],
            program: "/usr/bin/env"
        )
    }

    /// Waits for a request's end.
    static func finish(_ request: CascadeProcess) async throws -> Answer {
        let output = await request.result().output
        let cut = output.lastIndex(of: "\n") ?? output.startIndex
        return Answer(status: Int(output[cut...].dropFirst()) ?? 0, body: String(output[..<cut]))
    }
}
