import Foundation
import HTTPTypes
import Testing

@testable import CascadeGateway

/// The text of `/metrics`, read as Prometheus reads it.
@Suite struct MetricsTests {
    private struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    /// Reads the text strictly: names, escapes, one HELP and one TYPE before the samples of each metric.
    private func read(_ text: String) throws -> (types: [String: String], samples: [Sample]) {
        var types: [String: String] = [:]
        var helped: Set<String> = []
        var samples: [Sample] = []
        var current = ""
        let name = try Regex("[a-zA-Z_:][a-zA-Z0-9_:]*")
        let sample = try Regex(#"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+-]+|[+-]Inf|NaN)"#)
        let label = try Regex(#"([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)"#)
        #expect(text.hasSuffix("\n"))
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("# ") {
                let words = line.split(separator: " ", maxSplits: 3).map(String.init)
                try #require(words.count == 4 && words[2].wholeMatch(of: name) != nil)
                if words[1] == "HELP" {
                    let isNew = helped.insert(words[2]).inserted
                    #expect(isNew, "two HELP of \(words[2])")
                    current = words[2]
                } else {
                    #expect(words[1] == "TYPE" && words[2] == current)
                    let earlier = types.updateValue(words[3], forKey: words[2])
                    #expect(earlier == nil, "two TYPE of \(words[2])")
                    #expect(["counter", "gauge", "histogram"].contains(words[3]))
                }
                continue
            }
            let match = try #require(line.wholeMatch(of: sample), "not a sample: \(line)")
            let own = String(try #require(match.output[1].substring))
            var labels: [String: String] = [:]
            var rest = match.output[2].substring ?? ""
            while !rest.isEmpty {
                let found = try #require(rest.prefixMatch(of: label), "not a label: \(rest)")
                let key = String(try #require(found.output[1].substring))
                let value = String(try #require(found.output[2].substring))
                let earlier = labels.updateValue(value, forKey: key)
                #expect(earlier == nil)
                rest = rest[found.range.upperBound...]
            }
            let isHistogram = types[current] == "histogram"
            let ends = isHistogram ? ["_bucket", "_sum", "_count"] : [""]
            #expect(ends.contains { own == current + $0 }, "\(own) stands below \(current)")
            let number = try #require(match.output[3].substring.flatMap { Double($0.replacing("+", with: "")) })
            samples.append(Sample(name: own, labels: labels, value: number))
        }
        return (types, samples)
    }

    private var cluster: ClusterMetrics {
        var cluster = ClusterMetrics()
        (cluster.drafts, cluster.draftTokens, cluster.acceptedTokens) = (10, 40, 17)
        cluster.acceptanceHistogram = [2, 3, 1, 4]
        cluster.rules = [.init(rule: "token-v3", kept: 5, deferred: 6, relaxed: 2)]
        (cluster.promptTokens, cluster.generatedTokens, cluster.queuedJobs, cluster.runningJobs) = (100, 200, 3, 4)
        cluster.preemptions = 9
        cluster.endedJobs = [.init(reason: "stop", count: 7)]
        cluster.roles = [
            .init(role: "drafter", nodesUp: 1, busySeconds: 1.5),
            .init(role: "expert", nodesUp: 2, busySeconds: 1e9, cacheUse: 0.25),
        ]
        return cluster
    }

    @Test func theClustersPart() async throws {
        let text = try await Harness(FakeBackend(counted: cluster)).send(.get, "/metrics")
        #expect(text.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        let (types, samples) = try read(text.text)
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            samples.first { $0.name == name && $0.labels == labels }?.value
        }
        #expect(value("cascade_up") == 1)
        #expect(value("cascade_spec_decode_num_drafts_total") == 10)
        #expect(value("cascade_spec_decode_num_draft_tokens_total") == 40)
        #expect(value("cascade_spec_decode_num_accepted_tokens_total") == 17)
        let positions = (0..<4).map {
            value("cascade_spec_decode_num_accepted_tokens_per_pos_total", ["position": "\($0)"])
        }
        // All accepted tokens stand at some position: 8 + 5 + 4 = 17.
        #expect(positions == [8, 5, 4, nil])
        #expect(value("cascade_kept_tokens_total", ["rule": "token-v3"]) == 5)
        #expect(value("cascade_deferred_positions_total", ["rule": "token-v3"]) == 6)
        #expect(value("cascade_relaxed_tokens_total", ["rule": "token-v3"]) == 2)
        #expect(value("cascade_prompt_tokens_total") == 100)
        #expect(value("cascade_generation_tokens_total") == 200)
        #expect(value("cascade_jobs", ["state": "running"]) == 4)
        #expect(value("cascade_queue_depth") == 3)
        #expect(value("cascade_num_preemptions_total") == 9)
        #expect(value("cascade_jobs_ended_total", ["reason": "stop"]) == 7)
        #expect(value("cascade_nodes_up", ["role": "expert"]) == 2)
        #expect(value("cascade_node_busy_seconds_total", ["role": "expert"]) == 1e9)
        #expect(value("cascade_kv_cache_usage_ratio", ["role": "expert"]) == 0.25)
        #expect(value("cascade_kv_cache_usage_ratio", ["role": "drafter"]) == nil)
        for (name, type) in types { #expect((type == "counter") == name.hasSuffix("_total"), "\(name)") }
    }

    @Test func withoutACluster() async throws {
        let (types, samples) = try read(try await Harness(FakeBackend(counted: nil)).send(.get, "/metrics").text)
        #expect(samples.first { $0.name == "cascade_up" }?.value == 0)
        #expect(types["cascade_spec_decode_num_drafts_total"] == nil)
        #expect(types["cascade_time_to_first_token_seconds"] == "histogram")
    }

    /// Routes and codes are labels; what clients write never is.
    @Test func requestsByRouteAndCode() async throws {
        let harness = try Harness()
        _ = try await harness.chat()
        _ = try await harness.chat(#""stream":true"#)
        _ = try await harness.chat(#""n":0"#)
        for name in ["a", "b", "c"] { _ = try await harness.send(.get, "/v1/models/\(name)") }
        for path in ["/x", "/y", "/z?q"] { _ = try await harness.send(.get, path) }
        let (_, samples) = try read(try await harness.send(.get, "/metrics").text)
        let requests = samples.filter { $0.name == "cascade_http_requests_total" }
        func count(_ route: String, _ code: String) -> Double? {
            requests.first { $0.labels == ["route": route, "code": code] }?.value
        }
        #expect(requests.count == 4)
        #expect(count("/v1/chat/completions", "200") == 2)
        #expect(count("/v1/chat/completions", "400") == 1)
        #expect(count("/v1/models/{id}", "404") == 3)
        #expect(count("other", "404") == 3)
        #expect(samples.first { $0.name == "cascade_http_streams_open" }?.value == 0)
        // Two answers of three tokens each.
        #expect(samples.first { $0.name == "cascade_time_to_first_token_seconds_count" }?.value == 2)
        #expect(samples.first { $0.name == "cascade_inter_token_latency_seconds_count" }?.value == 4)
    }

    @Test func histogramsAddUp() throws {
        var histogram = Histogram(edges: [0.1, 1])
        histogram.observe(0.1)
        histogram.observe(0.5, times: 3)
        histogram.observe(7)
        var text = MetricsText()
        text.write("cascade_test_seconds", "Of a test.", histogram)
        let (_, samples) = try read(text.text)
        let buckets = samples.filter { $0.name == "cascade_test_seconds_bucket" }
        #expect(buckets.map { $0.labels["le"] } == ["0.1", "1", "+Inf"])
        #expect(buckets.map(\.value) == [1, 4, 5])
        #expect(samples.first { $0.name == "cascade_test_seconds_count" }?.value == 5)
        #expect(abs((samples.first { $0.name == "cascade_test_seconds_sum" }?.value ?? 0) - 8.6) < 1e-9)
    }

    @Test func edgesAscend() {
        for edges in [Histogram.firstTokenEdges, Histogram.betweenTokensEdges] {
            #expect(zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test func labelsAreEscaped() throws {
        var text = MetricsText()
        text.write("cascade_test", .gauge, "A \\ and a\nline.", [([("rule", "a\"b\\c\nd")], .infinity)])
        #expect(text.text.contains(#"{rule="a\"b\\c\nd"} +Inf"#))
        #expect(text.text.hasPrefix(#"# HELP cascade_test A \\ and a\nline."#))
        #expect(try read(text.text).samples.count == 1)
    }
}
