import CascadeTestSupport
import Foundation
import Testing

/// HTTP in front of real processes.
@Suite(.serialized) struct GatewayTests {
    private static let prompt = "Once upon a time"

    /// A request's body.
    private static func body(_ fields: [String: any Sendable]) throws -> String {
        // The tiny pair's drafts would not pay.
        let drafts: [String: any Sendable] = ["num_speculative_tokens": 4]
        let defaults: [String: any Sendable] = [
            "prompt": prompt, "temperature": 0, "max_tokens": 40, "cascade": drafts,
        ]
        let data = try JSONSerialization.data(withJSONObject: defaults.merging(fields) { $1 })
        return String(decoding: data, as: UTF8.self)
    }

    /// At temperature 0 the bytes are those of `cascade submit`, at once and as a stream, and what speculation did is
    /// told.
    @Test(.timeLimit(.minutes(2)))
    func greedyAnswersAreThoseOfSubmit() async throws {
        let cluster = try await TestCluster.tinyPair()
        defer { cluster.kill() }
        let gateway = try await TestGateway(cluster)
        let submitted = try Answer(
            await cluster.client(["submit", "--json", "--raw", "--max-tokens", "40", Self.prompt])
        )
        let whole = try await gateway.post("/v1/completions", Self.body([:]))
        #expect(whole.status == 200, "\(whole.body)")
        let completion = try whole.json(TestGateway.Completion.self)
        #expect(completion.choices.map(\.text) == [submitted.text])
        #expect(completion.choices[0].finish_reason == submitted.finish_reason)
        #expect(completion.usage?.prompt_tokens == submitted.usage.prompt_tokens)
        #expect(completion.usage?.completion_tokens == submitted.usage.completion_tokens)
        let ledger = try #require(completion.cascade)
        #expect(ledger.rule == "lossless" && ledger.drafted > 0)

        let stream = try await gateway.post(
            "/v1/completions",
            Self.body(["stream": true, "stream_options": ["include_usage": true] as [String: any Sendable]])
        )
        #expect(stream.status == 200 && stream.events.last == "[DONE]", "\(stream.body)")
        let pieces = try stream.pieces()
        #expect(pieces.flatMap(\.choices).map(\.text).joined() == submitted.text)
        #expect(pieces.flatMap(\.choices).compactMap(\.finish_reason) == [submitted.finish_reason])
        #expect(pieces.compactMap(\.usage).map(\.completion_tokens) == [submitted.usage.completion_tokens])
    }

    /// The pair, its expert alone and its drafter alone are models; each says what it did.
    @Test(.timeLimit(.minutes(2)))
    func thePairAndItsTwoModelsCanBeAskedFor() async throws {
        let cluster = try await TestCluster.tinyPair()
        defer { cluster.kill() }
        let gateway = try await TestGateway(cluster)
        struct Models: Decodable {
            struct Model: Decodable { var id: String }
            var data: [Model]
        }
        let models = try await gateway.get("/v1/models").json(Models.self).data.map(\.id)
        #expect(models == ["default", "default/expert", "default/drafter"])
        var texts: [String] = []
        for model in models {
            let answer = try await gateway.post("/v1/completions", Self.body(["model": model]))
            #expect(answer.status == 200, "\(answer.body)")
            let completion = try answer.json(TestGateway.Completion.self)
            texts.append(completion.choices[0].text)
            if model == "default/expert" { #expect(completion.cascade?.drafted == 0) }
            if model == "default/drafter" { #expect(completion.cascade?.rule == "token-cascade") }
        }
        // Lossless is the expert's own answer; the drafter's is the drafter's.
        #expect(texts[0] == texts[1])
        let own = try await Generated.run(model: ClusterTests.drafter, texts: [Self.prompt], maxTokens: 40)
        #expect(texts[2] == own.first?.text)

        let unknown = try await gateway.post("/v1/completions", Self.body(["model": "gpt-4"]))
        #expect(unknown.status == 404)
        #expect(try unknown.json(TestGateway.Failure.self).error.message.contains("default/expert"))
        let wrong = try await gateway.post("/v1/completions", Self.body(["top_p": 7]))
        #expect(try wrong.status == 400 && wrong.json(TestGateway.Failure.self).error.param == "top_p")
        let rule = try await gateway.post(
            "/v1/completions",
            Self.body(["cascade": ["rule": "token-v3", "alpha": 7] as [String: any Sendable]])
        )
        #expect(rule.status == 400, "\(rule.body)")
    }

    /// A client that goes away takes its job with it, at once.
    @Test(.timeLimit(.minutes(2)))
    func aClientThatGoesAwayEndsItsJob() async throws {
        let cluster = try TestCluster()
        defer { cluster.kill() }
        for role in ["expert", "drafter"] {
            _ = try cluster.startClient([role, "--synthetic-acceptance", "0.5", "--synthetic-ms", "20"])
        }
        try await cluster.waitForReady(2)
        let gateway = try await TestGateway(cluster)
        let request = try gateway.start("/v1/completions", Self.body(["max_tokens": 4_000, "stream": true]))
        try await waitUntil("tokens come") { request.output.contains("data: ") }
        request.signal(SIGKILL)
        struct Line: Decodable {
            var state: String
            var reason: String?
        }
        try await waitUntil("the job ends", seconds: 5) {
            let jobs = try await cluster.client(["jobs", "--json"])
            let lines = try JSONDecoder().decode([Line].self, from: Data(jobs.output.utf8))
            return lines.map(\.state) == ["finished"]
        }
    }

    /// The coordinator dies in the middle of a stream and comes back: the stream goes on, with the same bytes.
    @Test(.timeLimit(.minutes(3)))
    func aStreamOutlivesTheCoordinator() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let cluster = try await TestCluster.tinyPair(
            coordinator: ["--store", folder.appending(path: "jobs.sqlite").path]
        )
        defer { cluster.kill() }
        let gateway = try await TestGateway(cluster)
        let body = try Self.body(["max_tokens": 400, "stream": true])
        let whole = try await gateway.post("/v1/completions", Self.body(["max_tokens": 400]))
        let expected = try whole.json(TestGateway.Completion.self).choices[0].text
        let request = try gateway.start("/v1/completions", body)
        try await waitUntil("tokens come") { request.output.components(separatedBy: "data: ").count > 4 }
        let isCut = !request.isDone
        try cluster.coordinator.signal(SIGKILL)
        try await Task.sleep(for: .milliseconds(300))
        try cluster.restartCoordinator()
        let stream = try await TestGateway.finish(request)
        #expect(isCut, "the answer was there before the kill")
        #expect(stream.status == 200 && stream.events.last == "[DONE]", "\(stream.body.suffix(300))")
        #expect(try stream.pieces().flatMap(\.choices).map(\.text).joined() == expected)
    }

    /// What the coordinator counted is what `/metrics` says, in names that vLLM's users know.
    @Test(.timeLimit(.minutes(2)))
    func metricsCountWhatWasDrafted() async throws {
        let cluster = try await TestCluster.tinyPair()
        defer { cluster.kill() }
        let gateway = try await TestGateway(cluster)
        var drafted = 0
        for _ in 0..<3 {
            let answer = try await gateway.post("/v1/completions", Self.body([:])).json(TestGateway.Completion.self)
            drafted += answer.cascade?.drafted ?? 0
        }
        let text = try await gateway.get("/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix("cascade_spec_decode_num_draft_tokens_total") }
        #expect(line?.split(separator: " ").last == Substring("\(drafted)"), "\(text.prefix(3_000))")
        #expect(text.contains("cascade_spec_decode_num_accepted_tokens_per_pos_total{position=\"0\"}"))
    }
}
