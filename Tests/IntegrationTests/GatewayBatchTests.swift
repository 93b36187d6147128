import CascadeTestSupport
import Foundation
import Testing

/// Batches of real processes: what a gateway that is killed leaves, the next one goes on with.
@Suite(.serialized) struct GatewayBatchTests {
    private struct Batch: Decodable {
        struct Counts: Decodable {
            var total: Int
            var completed: Int
            var failed: Int
        }

        var id: String
        var status: String
        var output_file_id: String?
        var error_file_id: String?
        var request_counts: Counts
    }

    private struct File: Decodable { var id: String }

    private struct Line: Decodable {
        struct Response: Decodable {
            var status_code: Int
            var body: TestGateway.Completion
        }

        var custom_id: String
        var response: Response
    }

    private static let count = 12

    /// Short answers, one line each.
    private static func write(_ path: String) throws {
        let lines = (0..<count).map { index in
            #"{"custom_id":"line-\#(index)","method":"POST","url":"/v1/completions","body":"#
                + #"{"prompt":"Number \#(index)","temperature":0,"max_tokens":16}}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
    }

    @Test(.timeLimit(.minutes(3)))
    func aBatchOutlivesItsGateway() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-batches-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let cluster = try TestCluster()
        defer { cluster.kill() }
        for role in ["expert", "drafter"] {
            _ = try cluster.startClient([role, "--synthetic-acceptance", "0.5", "--synthetic-ms", "20"])
        }
        try await cluster.waitForReady(2)
        // Two at a time, so that there is a middle.
        let arguments = ["--data", folder.appending(path: "data").path, "--batch-lines", "2"]
        let first = try await TestGateway(cluster, arguments: arguments)
        let input = folder.appending(path: "input.jsonl").path
        try Self.write(input)
        let form = ["-F", "purpose=batch", "-F", "file=@\(input)"]
        let uploaded = try await TestGateway.finish(first.curl(form, "/v1/files"))
        #expect(uploaded.status == 200, "\(uploaded.body)")
        let file = try uploaded.json(File.self).id
        let begun = try await first.post(
            "/v1/batches",
            #"{"input_file_id":"\#(file)","endpoint":"/v1/completions","completion_window":"24h"}"#
        )
        #expect(begun.status == 200, "\(begun.body)")
        let id = try begun.json(Batch.self).id
        try await waitUntil("some lines are answered") {
            try await first.get("/v1/batches/\(id)").json(Batch.self).request_counts.completed >= 2
        }
        // A second gateway is told whose the folder is.
        let other = try cluster.startClient(["gateway", "--http", "127.0.0.1:0"] + arguments)
        let refusal = await other.result()
        #expect(refusal.code == 1 && refusal.errors.contains("in use by another gateway"), "\(refusal.errors)")

        first.process.signal(SIGKILL)
        _ = await first.process.result()
        let second = try await TestGateway(cluster, arguments: arguments)
        let left = try await second.get("/v1/batches/\(id)").json(Batch.self)
        #expect(left.request_counts.completed >= 2)
        try await waitUntil("the batch is complete", seconds: 60) {
            try await second.get("/v1/batches/\(id)").json(Batch.self).status == "completed"
        }
        let batch = try await second.get("/v1/batches/\(id)").json(Batch.self)
        #expect(batch.request_counts.total == Self.count && batch.request_counts.completed == Self.count)
        #expect(batch.error_file_id == nil)
        let output = try await second.get("/v1/files/\(try #require(batch.output_file_id))/content").body
        let lines = try output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(lines.map(\.custom_id) == (0..<Self.count).map { "line-\($0)" })
        #expect(lines.allSatisfy { $0.response.status_code == 200 && !$0.response.body.choices.isEmpty })
    }
}
