import CascadeCore
import CascadeJSON
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import CascadeGateway

/// Batches from their files to their results.
@Suite struct BatchTests {
    private func ids(_ lines: [JSONValue]) -> [JSONValue] { lines.map { $0.at("custom_id") } }

    /// The answer of a line is that of the route.
    @Test func itsLife() async throws {
        try await BatchHarness.withFolder { folder in
            let backend = FakeBackend()
            let service = try BatchHarness(backend, folder: folder)
            try await service.run {
                let bad = BatchHarness.line("bad", #"{"prompt":"a","temperature":9}"#)
                let streamed = BatchHarness.line("stream", #"{"prompt":"a","stream":true}"#)
                let high = BatchHarness.line("high", #"{"prompt":"a","cascade":{"priority":"high"}}"#)
                let unknown = BatchHarness.line("unknown", #"{"prompt":"a","model":"gpt-4"}"#)
                let file = try await service.upload(
                    [BatchHarness.line("ü1"), bad, streamed, high, unknown].joined(separator: "\n")
                )
                let begun = try await service.post(file, #","metadata":{"note":"x"}"#).json()
                #expect(begun.at("status") == "validating" && begun.at("metadata", "note") == "x")
                guard case .string(let id) = begun.at("id") else { throw TooLate() }
                let batch = try await service.wait(id, "completed")
                #expect(
                    batch.at("request_counts") == [
                        "total": .integer(5), "completed": .integer(2), "failed": .integer(3),
                    ]
                )
                #expect(batch.at("object") == "batch" && batch.at("expires_at") == .number("87400"))
                #expect(batch.at("errors") == .null && batch.at("completed_at") == .number("1000"))
                let output = try await service.lines(batch, "output_file_id")
                #expect(ids(output) == ["ü1", "high"])
                let whole = try await service.harness.complete().json()
                let body = output[0].at("response", "body")
                #expect(output[0].at("response", "status_code") == .number("200") && output[0].at("error") == .null)
                #expect(body.keys == whole.keys)
                for name in ["object", "model", "choices", "usage", "cascade"] {
                    #expect(body.at(name) == whole.at(name))
                }
                let errors = try await service.lines(batch, "error_file_id")
                #expect(ids(errors) == ["bad", "stream", "unknown"])
                #expect(errors[0].at("response", "body", "error", "param") == "temperature")
                #expect(errors[1].at("response", "body", "error", "param") == "stream")
                #expect(errors[2].at("response", "status_code") == .number("404"))
                let listed = try await service.send(.get, "/v1/files?purpose=batch_output").json()
                let names = [0, 1].map { listed.at("data", $0, "filename") }
                #expect(names.contains(.string("\(id)_error.jsonl")) && names.contains(.string("\(id)_output.jsonl")))
                let metrics = try await service.send(.get, "/metrics").text
                #expect(metrics.contains("cascade_batches{state=\"completed\"} 1\n"))
                #expect(metrics.contains("cascade_batch_lines_total{result=\"failed\"} 3\n"))
            }
        }
    }

    @Test func linesAreOfLowPriority() async throws {
        try await BatchHarness.withFolder { folder in
            let backend = FakeBackend()
            let service = try BatchHarness(backend, folder: folder)
            try await service.run {
                let high = BatchHarness.line("b", #"{"prompt":"b","cascade":{"priority":"high"}}"#)
                _ = try await service.wait(
                    service.begin([BatchHarness.line("a", #"{"prompt":"a"}"#), high]),
                    "completed"
                )
                for request in backend.requests {
                    let expected: String = request.prompt == .text(Array("b".utf8)) ? "high" : "low"
                    #expect(request.cascade.priority?.rawValue == expected)
                }
                #expect(backend.requests.count == 2)
            }
        }
    }

    @Test func badFilesRunNothing() async throws {
        try await BatchHarness.withFolder { folder in
            let backend = FakeBackend()
            let service = try BatchHarness(backend, folder: folder) { $0.batches.mostLines = 3 }
            try await service.run {
                let batch = try await service.wait(
                    service.begin([BatchHarness.line("a"), "{", BatchHarness.line("a")]),
                    "failed"
                )
                #expect(batch.at("errors", "data", 0, "code") == "invalid_json_line")
                #expect(batch.at("errors", "data", 0, "line") == .number("2"))
                #expect(batch.at("errors", "data", 1, "code") == "duplicate_custom_id")
                #expect(batch.at("output_file_id") == .null && backend.requests.isEmpty)
                let many = try await service.wait(service.begin((0..<4).map { BatchHarness.line("\($0)") }), "failed")
                #expect(many.at("errors", "data", 0, "code") == "too_many_tasks")
                let none = try await service.wait(service.begin([""]), "failed")
                #expect(none.at("errors", "data", 0, "code") == "empty_file")
            }
        }
    }

    /// Answers the first word of prompts with an `a`; others wait for ever.
    private static let half: FakeBackend.Script = { request, continuation in
        if case .text(let text) = request.prompt, text.first == UInt8(ascii: "a") {
            return FakeBackend.say(["yes"], request, continuation)
        }
        FakeBackend.accept(request, continuation)
        try await Task.sleep(for: .seconds(600))
    }

    private static let mixed = ["a1", "b1", "a2", "b2"].map { BatchHarness.line($0, #"{"prompt":"\#($0)"}"#) }

    @Test func cancellingKeepsWhatWasAnswered() async throws {
        try await BatchHarness.withFolder { folder in
            let backend = FakeBackend(script: Self.half)
            let service = try BatchHarness(backend, folder: folder)
            try await service.run {
                let id = try await service.begin(Self.mixed)
                while try await service.batch(id).at("request_counts", "completed") != .number("2") {
                    try await Task.sleep(for: .milliseconds(5))
                }
                let answer = try await service.send(.post, "/v1/batches/\(id)/cancel")
                #expect(try answer.json().at("status") == "cancelling")
                let batch = try await service.wait(id, "cancelled")
                #expect(try await ids(service.lines(batch, "output_file_id")) == ["a1", "a2"])
                let errors = try await service.lines(batch, "error_file_id")
                #expect(ids(errors) == ["b1", "b2"] && errors[0].at("error", "code") == "batch_cancelled")
                try await eventually { backend.running == 0 }
                #expect(backend.cancelled == 2)
                #expect(try await service.send(.post, "/v1/batches/\(id)/cancel").status == 200)
                let done = try await service.wait(
                    service.begin([BatchHarness.line("a", #"{"prompt":"a"}"#)]),
                    "completed"
                )
                guard case .string(let name) = done.at("id") else { throw TooLate() }
                #expect(try await service.send(.post, "/v1/batches/\(name)/cancel").status == 409)
            }
        }
    }

    @Test func expiryKeepsWhatWasAnswered() async throws {
        try await BatchHarness.withFolder { folder in
            let backend = FakeBackend(script: Self.half)
            let service = try BatchHarness(backend, folder: folder)
            try await service.run {
                let id = try await service.begin(Self.mixed)
                while try await service.batch(id).at("request_counts", "completed") != .number("2") {
                    try await Task.sleep(for: .milliseconds(5))
                }
                service.clock.advance(86_399)
                try await Task.sleep(for: .milliseconds(50))
                #expect(try await service.batch(id).at("status") == "in_progress")
                service.clock.advance(1)
                let batch = try await service.wait(id, "expired")
                #expect(try await ids(service.lines(batch, "output_file_id")) == ["a1", "a2"])
                let errors = try await service.lines(batch, "error_file_id")
                #expect(ids(errors) == ["b1", "b2"] && errors[0].at("error", "code") == "batch_expired")
                #expect(batch.at("request_counts", "failed") == .number("2"))
            }
        }
    }

    /// The process ends in the middle: another one asks what has no answer, and nothing twice.
    @Test func anotherProcessGoesOn() async throws {
        try await BatchHarness.withFolder { folder in
            let first = FakeBackend(script: Self.half)
            var id = ""
            do {
                let service = try BatchHarness(first, folder: folder)
                try await service.run {
                    id = try await service.begin(Self.mixed)
                    while try await service.batch(id).at("request_counts", "completed") != .number("2") {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
            let second = FakeBackend()
            let service = try BatchHarness(second, folder: folder)
            #expect(try await service.batch(id).at("status") == "in_progress")
            try await service.run {
                let batch = try await service.wait(id, "completed")
                let lines = try await service.lines(batch, "output_file_id")
                #expect(ids(lines) == ["a1", "b1", "a2", "b2"])
                #expect(lines[0].at("response", "body", "choices", 0, "text") == "yes")
                #expect(second.requests.count == 2)
            }
        }
    }

    /// A full queue, limits and a cluster that is away delay lines.
    @Test func whatPassesIsWaitedFor() async throws {
        try await BatchHarness.withFolder { folder in
            let attempts = Mutex(0)
            let backend = FakeBackend { request, continuation in
                let attempt = attempts.withLock { count in
                    count += 1
                    return count
                }
                switch attempt {
                case 1: throw BackendError.queueFull(retryAfter: 2)
                case 2: throw BackendError.unreachable
                case 3: throw BackendError.notReady(message: "no expert")
                case 4: throw BackendError.ownerLimit(message: "much", retryAfter: 1)
                default: FakeBackend.say(["x"], request, continuation)
                }
            }
            let service = try BatchHarness(backend, folder: folder)
            try await service.run {
                let batch = try await service.wait(service.begin([BatchHarness.line("a")]), "completed")
                #expect(try await ids(service.lines(batch, "output_file_id")) == ["a"])
                #expect(backend.requests.count == 5)
            }
        }
    }

    @Test func linesAtOnceHaveABound() async throws {
        try await BatchHarness.withFolder { folder in
            let most = Mutex((now: 0, most: 0))
            let backend = FakeBackend { request, continuation in
                most.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                try await Task.sleep(for: .milliseconds(5))
                most.withLock { $0.now -= 1 }
                FakeBackend.say(["x"], request, continuation)
            }
            let service = try BatchHarness(backend, folder: folder) { $0.batches.linesAtOnce = 3 }
            try await service.run {
                let lines = (0..<20).map { BatchHarness.line("\($0)") }
                let (one, other) = (try await service.begin(lines), try await service.begin(lines))
                _ = try await service.wait(one, "completed")
                let batch = try await service.wait(other, "completed")
                #expect(try await ids(service.lines(batch, "output_file_id")) == (0..<20).map { .string("\($0)") })
                #expect(most.withLock { $0.most } == 3)
            }
        }
    }

    @Test func oneProcessHasAFolder() async throws {
        try await BatchHarness.withFolder { folder in
            let first = try GatewayStorage(folder: folder)
            let problem = #expect(throws: GatewayStorageError.self) { try GatewayStorage(folder: folder) }
            #expect(problem?.description.contains("in use by another gateway") == true)
            withExtendedLifetime(first) {}
        }
    }

    @Test func withoutAFolder() async throws {
        let harness = try Harness()
        for path in ["/v1/files", "/v1/batches", "/v1/files/a", "/v1/batches/a"] {
            let answer = try await harness.send(.get, path)
            #expect(answer.status == 501 && answer.text.contains("--data FOLDER"))
        }
    }
}
