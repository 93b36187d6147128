import CascadeCore
import CascadeKeys
import CascadeTestSupport
import Foundation
import Testing

/// Owners of a gateway's API keys, by real processes: neither lists, reads nor cancels another's jobs.
@Suite(.serialized) struct GatewayOwnersTests {
    private static let anna = "sk-anna-0123456789abcdef"
    private static let berta = "sk-berta-0123456789abcdef"

    private struct Job: Decodable {
        var job_id: String
        var state: String
        var finish_reason: String?
        var prompt_beginning: String
        var owner: String?
    }

    private struct Failed: Decodable {
        struct Detail: Decodable { var code: String }
        var error: Detail
    }

    private static func bearer(_ key: String) -> [String] { ["Authorization: Bearer \(key)"] }

    private static func jobs(_ gateway: TestGateway, _ key: String) async throws -> [Job] {
        let answer = try await gateway.get("/cascade/v1/jobs", headers: bearer(key))
        #expect(answer.status == 200, "\(answer.body)")
        return try answer.json([Job].self)
    }

    /// Two owners at one gateway. `prefix` is how their names begin in the cluster.
    private static func check(_ cluster: TestCluster, _ options: [String], prefix: String) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "api-keys-\(UUID().uuidString)").path
        try Data("\(anna) anna\n\(berta) berta\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let gateway = try await TestGateway(cluster, arguments: ["--api-keys", path] + options)
        let body = #"{"prompt": "my secret", "max_tokens": 4000, "stream": true, "temperature": 0}"#
        let request = try gateway.start("/v1/completions", body, headers: bearer(anna))
        try await waitUntil("tokens come") { request.output.contains("data: ") }

        let own = try await jobs(gateway, anna)
        #expect(own.map(\.state) == ["running"] && own.map(\.prompt_beginning) == ["my secret"])
        #expect(own.map(\.owner) == [prefix + "anna"])
        #expect(try await jobs(gateway, berta).isEmpty)
        let job = try #require(own.first?.job_id)
        let cancel = "/cascade/v1/jobs/\(job)/cancel"
        let foreign = try await gateway.post(cancel, "{}", headers: bearer(berta))
        #expect(foreign.status == 404, "\(foreign.body)")
        #expect(try foreign.json(Failed.self).error.code == "job_not_found")
        let stranger = try await gateway.post(cancel, "{}")
        #expect(stranger.status == 401)
        #expect(try await jobs(gateway, anna).map(\.state) == ["running"])
        let status = try await gateway.get("/cascade/v1/status", headers: bearer(berta))
        #expect(status.status == 200 && !status.body.contains(prefix + "anna"), "\(status.body)")

        let ended = try await gateway.post(cancel, "{}", headers: bearer(anna))
        #expect(ended.status == 200, "\(ended.body)")
        _ = try await TestGateway.finish(request)
        #expect(try await jobs(gateway, anna).map(\.finish_reason) == ["cancelled"])
        #expect(try await jobs(gateway, berta).isEmpty)
    }

    private static func startNodes(_ cluster: TestCluster, _ options: (KeyRole) -> [String]) async throws {
        for role in [KeyRole.expert, .drafter] {
            let synthetic = [role.rawValue, "--synthetic-acceptance", "0.5", "--synthetic-ms", "20"]
            _ = try cluster.startClient(synthetic + options(role))
        }
        try await cluster.waitForReady(2)
    }

    @Test(.timeLimit(.minutes(2)))
    func ownersOfAClusterWithKeys() async throws {
        let keys = try TestKeys()
        let cluster = try keys.cluster()
        defer { cluster.kill() }
        try await Self.startNodes(cluster) { ["--key", keys.file($0)] }
        try await Self.check(cluster, ["--key", keys.file(.gateway)], prefix: "test-gateway/")
        // An operator sees whose job it was, and not what it said.
        let all = try await cluster.client(["jobs", "--json", "--key", keys.file(.admin)])
        let lines = try JSONDecoder().decode([Job].self, from: Data(all.output.utf8))
        #expect(lines.map(\.owner) == ["test-gateway/anna"] && lines.map(\.prompt_beginning) == [""])
    }

    @Test(.timeLimit(.minutes(2)))
    func ownersOfAClusterWithoutKeys() async throws {
        let cluster = try TestCluster()
        defer { cluster.kill() }
        try await Self.startNodes(cluster) { _ in [] }
        try await Self.check(cluster, [], prefix: "")
    }

    /// A key that may not name owners is found out before anybody asks.
    @Test(.timeLimit(.minutes(1)))
    func aClientsKeyIsNotEnough() async throws {
        let keys = try TestKeys()
        let cluster = try keys.cluster()
        defer { cluster.kill() }
        let path = FileManager.default.temporaryDirectory.appending(path: "api-keys-\(UUID().uuidString)").path
        try Data("\(Self.anna) anna\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try await cluster.client([
            "gateway", "--http", "127.0.0.1:0", "--api-keys", path, "--key", keys.file(.client),
        ])
        #expect(result.code == 2 && result.errors.contains("--role gateway"), "\(result.errors)")
    }
}
