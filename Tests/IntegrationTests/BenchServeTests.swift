import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade bench serve` with real processes.
@Suite struct BenchServeTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func points(_ report: [String: Any]) throws -> [[String: Any]] {
        try #require(report["points"] as? [[String: Any]])
    }

    private func number(_ object: [String: Any], _ path: String...) throws -> Double {
        var object = object
        for key in path.dropLast() { object = try #require(object[key] as? [String: Any], "\(path)") }
        return try #require(object[path[path.count - 1]] as? Double, "\(path)")
    }

    private func prompts() throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "prompts-\(UUID().uuidString)").path
        try "Once upon a time\nThe sea was\nA small dog\n".write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func aClusterOfModelsIsMeasuredAndComparedWithItself() async throws {
        let cluster = try await TestCluster.tinyPair()
        let prompts = try prompts()
        let file = prompts + ".json"
        defer { for path in [prompts, file] { try? FileManager.default.removeItem(atPath: path) } }
        let arguments = [
            "bench", "serve", "--prompts", prompts, "--raw", "--concurrency", "1,3", "--num-speculative-tokens", "0,4",
            "--requests", "6", "--max-tokens", "40", "--turns", "2", "--num-warmups", "1",
        ]
        let first = try await cluster.client(arguments + ["--out", file])
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.output.contains("TOKENS/S") && first.errors.contains("turn 2 of 2: 3 in flight, k 0"))
        let result = try await cluster.client(arguments + ["--json", "--compare", file])
        #expect(result.code == 0, "\(result.errors)")
        let report = try object(result.output)
        #expect(report["synthetic"] as? Bool == false && report["complete"] as? Bool == true)
        #expect((report["nodes"] as? [Any])?.count == 2)
        let points = try points(report)
        #expect(points.map { $0["concurrency"] as? Int } == [1, 1, 3, 3])
        #expect(points.map { $0["num_speculative_tokens"] as? String } == ["0", "4", "0", "4"])
        for point in points {
            #expect(point["requests"] as? Int == 12 && point["failures"] as? Int == 0)
            #expect(try number(point, "tokens") > 200)
            #expect(try number(point, "tokens_per_second") > 1 && (try number(point, "jobs_per_second")) > 0.05)
            let p50 = try number(point, "latency_ms", "whole", "p50")
            #expect(try number(point, "latency_ms", "first_token", "p50") < p50)
            #expect(try number(point, "latency_ms", "whole", "p99") >= p50)
            #expect(try number(point, "coordinator", "cpu_ms_per_round") > 0)
            #expect(try number(point, "wire", "bytes_per_round") > 50)
        }
        #expect(try number(points[0], "ratio_to_no_drafts") == 1)
        #expect((points[0]["speculation"] as? [String: Any])?["draft_acceptance_rate"] is NSNull)
        #expect(try number(points[1], "speculation", "draft_acceptance_rate") > 0)
        #expect(try number(points[1], "speculation", "mean_acceptance_length") > 1)
        #expect(try number(points[1], "wire", "bytes_per_drafted_position") > 20)
        let comparison = try #require(report["comparison"] as? [String: Any])
        #expect((comparison["settings"] as? [Any])?.count == 4)
    }

    /// What the service must do without models in its way. It does ten times as much on two cores that are free: the
    /// rest is for whatever else the machine does.
    @Test func theServiceDoesAThousandRoundsPerSecond() async throws {
        let result = try await CascadeProcess.run([
            "bench", "serve", "--synthetic-acceptance", "0.8", "--concurrency", "8,16", "--num-speculative-tokens", "4",
            "--drafter-kind", "model", "--seconds", "3.5", "--turns", "1", "--json",
        ])
        #expect(result.code == 0, "\(result.errors)")
        let report = try object(result.output)
        #expect(report["synthetic"] as? Bool == true)
        for point in try points(report) {
            #expect(point["failures"] as? Int == 0)
            #expect(try number(point, "coordinator", "rounds_per_second") > 1_000)
            #expect(try number(point, "coordinator", "cpu_ms_per_round") < 0.3)
            #expect(abs(try number(point, "speculation", "judged_acceptance_rate") - 0.8) < 0.02)
            let nodes = try #require(point["nodes"] as? [[String: Any]])
            #expect(nodes.map { $0["role"] as? String } == ["drafter", "expert"])
            for node in nodes { #expect((0...1).contains(try number(node, "busy_fraction"))) }
        }
    }

    @Test func refusedJobsAreFailures() async throws {
        let cluster = try await TestCluster.tinyPair(coordinator: ["--allow-rules", "lossless"])
        let prompts = try prompts()
        defer { try? FileManager.default.removeItem(atPath: prompts) }
        let result = try await cluster.client([
            "bench", "serve", "--prompts", prompts, "--raw", "--rule", "token-v3", "--concurrency", "1", "--requests",
            "3",
            "--turns", "1", "--num-warmups", "0", "--num-speculative-tokens", "0", "--json",
        ])
        #expect(result.code == 1)
        #expect(try points(try object(result.output))[0]["failures"] as? Int == 3)
        #expect(result.errors.contains("token-v3"))
    }

    @Test func controlCPrintsWhatIsThere() async throws {
        let bench = try CascadeProcess([
            "bench", "serve", "--synthetic-acceptance", "0.8", "--synthetic-expert-ms", "1", "--concurrency", "2",
            "--num-speculative-tokens", "0", "--seconds", "1", "--turns", "50", "--max-tokens", "100", "--json",
        ])
        try await waitUntil("a turn is over") { bench.errors.contains("turn 1 of 50") }
        bench.signal(SIGINT)
        let result = await bench.result()
        #expect(result.code == 130, "\(result.errors)")
        let report = try object(result.output)
        #expect(report["complete"] as? Bool == false)
        #expect(try number(try points(report)[0], "tokens_per_second") > 10)
        let endpoint = try #require(report["endpoint"] as? String)
        let folder = URL(filePath: String(endpoint.dropFirst("ipc://".count))).deletingLastPathComponent()
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        let after = try await CascadeProcess.run(["status", "--endpoint", endpoint])
        #expect(after.code != 0)
    }

    @Test(arguments: [
        "", "--prompts f --concurrency 0", "--prompts f --concurrency 2,2", "--prompts f --requests 3 --seconds 1",
        "--prompts f --requests 8", "--prompts f --turns 0", "--prompts f --synthetic-expert-ms 3",
        "--prompts f --alpha 0.3", "--synthetic-acceptance 2", "--prompts f --rule token-cascade",
    ])
    func pointlessCommandLinesAreRefused(_ line: String) async throws {
        let result = try await CascadeProcess.run(["bench", "serve"] + line.split(separator: " ").map(String.init))
        #expect(result.code == 2, "\(result.errors)")
    }
}
