import CascadeJSON
import Foundation
import HTTPTypes
import Testing

@testable import CascadeGateway

/// API keys: the file, who gets in, and how much each may ask for.
@Suite struct KeyTests {
    private let key = "sk-test-0123456789"

    private func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private func bearer(_ key: String) -> HTTPFields { [.authorization: "Bearer \(key)"] }

    // MARK: The file

    @Test func readsAFile() throws {
        let list = try APIKeyList(
            """
            # who may ask
            \(key) mobile requests-per-minute=60 tokens-per-minute=20000 jobs=4 # the app

              sha256:\(String(repeating: "0f", count: 32))\tbatch
            """
        )
        #expect(list.entries.map(\.owner) == ["mobile", "batch"])
        #expect(list.entries[0].limits == KeyLimits(requestsPerMinute: 60, tokensPerMinute: 20_000, jobs: 4))
        #expect(list.entries[1].limits == KeyLimits())
        #expect(list.entries[1].digest == Array(repeating: 0x0F, count: 32))
        #expect(list.entry(of: key)?.owner == "mobile")
        #expect(list.entry(of: key + "x") == nil)
        #expect(list.entry(of: "") == nil)
    }

    /// The digest is SHA-256's: this one is of `abc`, from FIPS 180-2.
    @Test func digestsAreSHA256() throws {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try APIKeyList("sha256:\(digest) me").entry(of: "abc")?.owner == "me")
    }

    @Test(arguments: [
        ("sk-test-0123456789", 1), ("short me", 1), ("\n\nsk-test-0123456789 me jobs=0", 3),
        ("sk-test-0123456789 me jobs", 1), ("sk-test-0123456789 me speed=1", 1), ("sk-test-0123456789 m/e", 1),
        ("sk-test-0123456789 é", 1), ("sha256:00 me", 1), ("sk-test-0123456789 a\nsk-test-0123456789 b", 2),
    ])
    func refusesAFile(_ text: String, _ line: Int) {
        let problem = #expect(throws: APIKeyList.Problem.self) { try APIKeyList(text) }
        #expect(problem?.line == line)
        #expect(problem?.description.contains("0123456789") == false)
    }

    @Test func readsAChangedFileAgain() async throws {
        try await withFile("\(key) one") { path in
            let store = try APIKeyStore(path: path)
            #expect(store.entry(of: key)?.owner == "one")
            try Data("other-key-9876543210 two".utf8).write(to: URL(filePath: path))
            store.reload(logger: quiet)
            #expect(store.entry(of: key) == nil)
            #expect(store.entry(of: "other-key-9876543210")?.owner == "two")
            // A wrong file, and one that is gone, change nothing.
            try Data("nonsense".utf8).write(to: URL(filePath: path))
            store.reload(logger: quiet)
            #expect(store.count == 1)
            try FileManager.default.removeItem(atPath: path)
            store.reload(logger: quiet)
            #expect(store.entry(of: "other-key-9876543210")?.owner == "two")
            #expect(throws: APIKeyStore.Unreadable.self) { try APIKeyStore(path: path) }
        }
    }

    // MARK: Who gets in

    @Test func withoutAKeyNobodyGetsIn() async throws {
        try await withFile("\(key) me") { path in
            let store = try APIKeyStore(path: path)
            let backend = FakeBackend()
            let harness = try Harness(backend) { $0.keys = store }
            for headers: HTTPFields in [[:], bearer("sk-test-wrong-key-1"), [.authorization: "Basic \(key)"]] {
                let answer = try await harness.chat(headers: headers)
                #expect(answer.status == 401)
                #expect(try answer.error("code") == "invalid_api_key")
                #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            }
            for path in ["/v1/models", "/metrics", "/v1/models/default"] {
                #expect(try await harness.send(.get, path).status == 401)
                #expect(try await harness.send(.get, path, headers: bearer(key)).status == 200)
            }
            #expect(try await harness.send(.get, "/health").status == 200)
            #expect(try await harness.send(.get, "/ready").status == 200)
            #expect(backend.requests.isEmpty)
            #expect(try await harness.chat(headers: [.authorization: "bearer  \(key)"]).status == 200)
            #expect(backend.requests.map(\.owner) == ["me"])
        }
    }

    /// What is shown and ended is the business of the key's owner.
    @Test func reportsAndCancelAreForTheOwner() async throws {
        try await withFile("\(key) anna\nother-key-9876543210 berta") { path in
            let store = try APIKeyStore(path: path)
            let harness = try Harness { $0.keys = store }
            let other = bearer("other-key-9876543210")
            for report in ["status", "nodes", "jobs"] {
                let path = "/cascade/v1/\(report)"
                #expect(try await harness.send(.get, path).status == 401)
                #expect(try await harness.send(.get, path, headers: bearer(key)).text.contains(#""owner": "anna""#))
                #expect(try await harness.send(.get, path, headers: other).text.contains(#""owner": "berta""#))
            }
            let cancel = "/cascade/v1/jobs/job-1/cancel"
            #expect(try await harness.send(.post, cancel, "{}").status == 401)
            let foreign = try await harness.send(.post, cancel, "{}", headers: other)
            #expect(try foreign.status == 404 && foreign.error("code") == "job_not_found")
            #expect(try await harness.send(.post, cancel, "{}", headers: bearer(key)).status == 200)
        }
    }

    // MARK: Limits

    @Test func requestsAMinute() async throws {
        try await withFile("\(key) me requests-per-minute=2\nother-key-9876543210 you") { path in
            let store = try APIKeyStore(path: path)
            let harness = try Harness { $0.keys = store }
            #expect(try await harness.chat(headers: bearer(key)).status == 200)
            #expect(try await harness.chat(headers: bearer(key)).status == 200)
            let answer = try await harness.chat(headers: bearer(key))
            #expect(answer.status == 429)
            #expect(try answer.error("code") == "rate_limit_exceeded")
            let seconds = try #require(answer.headers[.retryAfter].flatMap(Int.init))
            #expect((1...30).contains(seconds))
            // One key's limits are not another's.
            #expect(try await harness.chat(headers: bearer("other-key-9876543210")).status == 200)
        }
    }

    @Test func tokensAMinute() async throws {
        try await withFile("\(key) me tokens-per-minute=10") { path in
            let store = try APIKeyStore(path: path)
            let harness = try Harness { $0.keys = store }
            // Seven of the prompt and three of the answer.
            #expect(try await harness.chat(#""stream":true"#, headers: bearer(key)).status == 200)
            let answer = try await harness.chat(headers: bearer(key))
            #expect(answer.status == 429)
            #expect(answer.text.contains("10 tokens a minute"))
        }
    }

    @Test func jobsAtATime() async throws {
        try await withFile("\(key) me jobs=2") { path in
            let store = try APIKeyStore(path: path)
            let harness = try Harness { $0.keys = store }
            let tooMany = try await harness.chat(#""n":3"#, headers: bearer(key))
            #expect(tooMany.status == 400)
            #expect(try tooMany.error("param") == "n")
            // They come back when an answer ends.
            for _ in 0..<3 { #expect(try await harness.chat(#""n":2"#, headers: bearer(key)).status == 200) }
            let entry = try #require(store.entry(of: key))
            let lease = try store.meter.admit(entry, jobs: 1)
            let answer = try await harness.chat(#""n":2"#, headers: bearer(key))
            #expect(answer.status == 429)
            #expect(answer.headers[.retryAfter] == "1")
            lease.end(tokens: 0)
            lease.end(tokens: 0)
            #expect(try await harness.chat(#""n":2"#, headers: bearer(key)).status == 200)
        }
    }

    @Test func accountsFillEvenly() throws {
        let entry = try #require(
            try APIKeyList("\(key) me requests-per-minute=60 tokens-per-minute=600").entries.first
        )
        let meter = OwnerMeter()
        let start = ContinuousClock.now
        for _ in 0..<60 { try meter.admit(entry, jobs: 1, at: start).end(tokens: 0) }
        let refused = #expect(throws: GatewayError.self) { try meter.admit(entry, jobs: 1, at: start) }
        #expect(refused?.retryAfter == 1)
        try meter.admit(entry, jobs: 1, at: start + .seconds(1)).end(tokens: 700)
        // A hundred tokens too many, at ten a second.
        let late = #expect(throws: GatewayError.self) { try meter.admit(entry, jobs: 1, at: start + .seconds(2)) }
        #expect(late?.retryAfter == 10)
        try meter.admit(entry, jobs: 1, at: start + .seconds(13)).end(tokens: 0)
    }

    /// As Anthropic's clients send them.
    @Test func keysInAHeaderOfTheirOwn() async throws {
        let backend = FakeBackend()
        try await withFile("\(key) mobile") { path in
            let store = try APIKeyStore(path: path)
            let harness = try Harness(backend) { $0.keys = store }
            let name = try #require(HTTPField.Name("x-api-key"))
            let body = #"{"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}"#
            let known = try await harness.send(.post, "/v1/messages", body, headers: [name: key])
            #expect(known.status == 200)
            #expect(backend.requests.first?.owner == "mobile")
            for headers: HTTPFields in [[:], [name: key + "x"], [name: key, .authorization: "Bearer wrong"]] {
                let answer = try await harness.send(.post, "/v1/messages", body, headers: headers)
                #expect(answer.status == 401)
                #expect(try answer.error("type") == "authentication_error")
            }
        }
    }
}
