import CascadeJSON
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import CascadeGateway

/// A gateway with a folder of files and batches that are worked on.
struct BatchHarness: Sendable {
    /// A clock that a test sets.
    final class Clock: Sendable {
        private let seconds = Mutex(1_000)
        var now: Int { seconds.withLock { $0 } }
        func advance(_ count: Int) { seconds.withLock { $0 += count } }
    }

    let harness: Harness
    let clock: Clock
    var headers: HTTPFields = [:]

    init(
        _ backend: FakeBackend,
        folder: String,
        clock: Clock = Clock(),
        _ change: (inout GatewayConfiguration) -> Void = { _ in }
    ) throws {
        self.clock = clock
        let storage = try GatewayStorage(folder: folder)
        harness = try Harness(backend) { configuration in
            configuration.storage = storage
            configuration.batches.tick = .milliseconds(5)
            configuration.batches.retrySecond = .milliseconds(2)
            configuration.batches.now = { clock.now }
            change(&configuration)
        }
    }

    static func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "batches-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    /// Runs batches while `body` runs; then it is as though the process had ended.
    func run(_ body: () async throws -> Void) async throws {
        let runner = try #require(harness.gateway.runner)
        let task = Task { await runner.run() }
        do {
            try await body()
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) async throws -> Answer {
        try await harness.send(method, path, body, headers: headers)
    }

    static func form(_ content: String, purpose: String = "batch") -> String {
        "--cut\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n\(purpose)\r\n"
            + "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n"
            + "\(content)\r\n--cut--\r\n"
    }

    func upload(form: String) async throws -> Answer {
        var headers = headers
        headers[.contentType] = "multipart/form-data; boundary=cut"
        return try await harness.send(.post, "/v1/files", form, headers: headers)
    }

    /// Uploads a file; returns its name.
    func upload(_ content: String) async throws -> String {
        let answer = try await upload(form: Self.form(content))
        try #require(answer.status == 200, "\(answer.text)")
        guard case .string(let id) = try answer.json().at("id") else { throw TooLate() }
        return id
    }

    static func line(_ id: String, _ body: String = #"{"prompt":"Once"}"#) -> String {
        #"{"custom_id":"\#(id)","method":"POST","url":"/v1/completions","body":\#(body)}"#
    }

    func post(_ file: String, _ more: String = "") async throws -> Answer {
        let body = #"{"input_file_id":"\#(file)","endpoint":"/v1/completions","completion_window":"24h"\#(more)}"#
        return try await send(.post, "/v1/batches", body)
    }

    /// Uploads lines and begins a batch; returns its name.
    func begin(_ lines: [String]) async throws -> String {
        let answer = try await post(upload(lines.joined(separator: "\n")))
        try #require(answer.status == 200, "\(answer.text)")
        guard case .string(let id) = try answer.json().at("id") else { throw TooLate() }
        return id
    }

    func batch(_ id: String) async throws -> JSONValue { try await send(.get, "/v1/batches/\(id)").json() }

    /// Waits until the batch has a status.
    func wait(_ id: String, _ status: String) async throws -> JSONValue {
        for _ in 0..<2_000 {
            let batch = try await batch(id)
            if batch.at("status") == .string(status) { return batch }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("not \(status): \(try await batch(id).text)")
        throw TooLate()
    }

    /// The lines of a file that a batch names.
    func lines(_ batch: JSONValue, _ name: String) async throws -> [JSONValue] {
        guard case .string(let file) = batch.at(name) else { return [] }
        let text = try await send(.get, "/v1/files/\(file)/content").text
        return try text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
    }
}
