import CascadeCore
import CascadeKeys
import CascadeNode
import Foundation
import Testing

/// A folder of keys, one of each role, that goes with the test; a cluster that demands them.
final class TestKeys: Sendable {
    let folder: KeysFolder
    private let base: URL

    init() throws {
        base = FileManager.default.temporaryDirectory.appending(path: "cascade-test-keys-\(UUID().uuidString)")
        folder = KeysFolder(base.appending(path: "keys").path)
        for role in KeyRole.allCases { _ = try folder.make("test-\(role.rawValue)", role: role) }
    }

    deinit {
        try? FileManager.default.removeItem(at: base)
    }

    /// The key file of a role.
    func file(_ role: KeyRole) -> String { folder.file(of: "test-\(role.rawValue)") }

    /// A copy of a key file, which stays when the key is revoked.
    func copy(_ role: KeyRole) throws -> String {
        let path = base.appending(path: "copy-\(UUID().uuidString).key").path
        try FileManager.default.copyItem(atPath: file(role), toPath: path)
        return path
    }

    /// A key of the right coordinator that it does not know.
    func stranger(_ role: KeyRole) throws -> String {
        let other = KeysFolder(base.appending(path: "others-\(UUID().uuidString)").path)
        let key = try KeyFile(path: other.make("stranger", role: role))
        let known = try KeyFile(path: file(role))
        let path = base.appending(path: "stranger-\(UUID().uuidString).key").path
        let text = KeyFile(name: "stranger", role: role, pair: key.pair, coordinator: known.coordinator).text
        try Data(text.utf8).write(to: URL(filePath: path))
        chmod(path, 0o600)
        return path
    }

    /// A coordinator on loopback that demands these keys.
    func cluster() throws -> TestCluster {
        try TestCluster(keys: self)
    }

    /// The tiny pair with these keys, ready.
    func tinyPair() async throws -> TestCluster {
        let cluster = try cluster()
        try cluster.start(.expert, model: ClusterTests.expert, arguments: ["--key", file(.expert), "--threads", "1"])
        try cluster.start(
            .drafter,
            model: ClusterTests.drafter,
            arguments: ["--key", file(.drafter), "--threads", "1"]
        )
        try await cluster.waitForReady(2)
        return cluster
    }
}
