import CascadeCore
import CascadeKeys
import CascadeTransport
import Foundation
import Logging
import Testing

@testable import CascadeNode

/// Who may say what, by the list as it is at that moment.
@Suite final class GatekeeperTests {
    private let folder = KeysFolder(
        FileManager.default.temporaryDirectory.appending(path: "cascade-gate-\(UUID().uuidString)").path
    )
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let now = Instant(nanoseconds: 1)

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    private func key(_ name: String, _ role: KeyRole) throws -> PublicKey {
        _ = try folder.make(name, role: role)
        return try #require(try folder.list().last).key
    }

    private func hello(_ name: String, _ role: NodeRole) -> Message {
        .hello(
            Hello(
                identity: NodeIdentity(name: name, incarnation: 7),
                role: role,
                pool: "default",
                software: "test",
                modelName: "m",
                modelFingerprint: Hash128(high: 1, low: 2),
                vocabularyHash: Hash128(high: 3, low: 4),
                vocabularyCount: 10,
                numericsID: "n",
                contextLength: 100,
                kvTokens: 100
            )
        )
    }

    private func judge(
        _ gate: inout Gatekeeper,
        _ message: Message,
        _ user: PublicKey?,
        peer: UInt8 = 1,
        nodes: Set<String> = []
    ) -> Gatekeeper.Verdict {
        gate.judge(message, name: "message", from: PeerID([peer]), user: user, now: now, isNode: nodes.contains)
    }

    @Test func rolesAreEnforcedAndRefusalsAddressed() throws {
        let client = try key("anna", .client)
        let expert = try key("expert-1", .expert)
        var gate = Gatekeeper(try folder.coordinatorKeys(logger: logger).allowList, logger: logger)
        let drain = Message.drainNode(DrainNode(requestID: 42, name: "x"))
        guard case .forbidden(let refusal) = judge(&gate, drain, client) else {
            Issue.record("a client may drain")
            return
        }
        #expect(refusal.code == .forbidden && refusal.requestID == 42 && refusal.retryAfterMilliseconds == 0)
        #expect(refusal.message.contains("anna") && refusal.message.contains("client"))
        #expect(judge(&gate, .statusRequest(StatusRequest(requestID: 1)), client).isAllowed)
        let asked = judge(&gate, .statusRequest(StatusRequest(requestID: 1)), client)
        #expect(asked == .allowed(Principal(owner: JobOwner(name: "anna", key: client.text), isAdmin: false)))
        #expect(!judge(&gate, .statusRequest(StatusRequest(requestID: 1)), expert).isAllowed)
        #expect(judge(&gate, hello("a", .expert), expert).isAllowed)
        #expect(!judge(&gate, hello("b", .drafter), expert).isAllowed)
        #expect(!judge(&gate, hello("c", .expert), client).isAllowed)
        #expect(gate.forbiddenCount == 4)
        // Without a key there are no rights, and a stranger's key is none.
        for user in [nil, try KeyPair.make().publicKey] {
            guard case .revoked = judge(&gate, hello("a", .expert), user) else {
                Issue.record("let in: \(String(describing: user))")
                continue
            }
        }
    }

    /// F23: a node's own hello, word for word, from the owner of another key of the right role.
    @Test func aReplayedHelloDoesNotTakeANodeOver() throws {
        let first = try key("expert-1", .expert)
        let second = try key("expert-2", .expert)
        var gate = Gatekeeper(try folder.coordinatorKeys(logger: logger).allowList, logger: logger)
        #expect(judge(&gate, hello("a", .expert), first).isAllowed)
        guard case .forbidden(let refusal) = judge(&gate, hello("a", .expert), second, peer: 2, nodes: ["a"]) else {
            Issue.record("the node was taken over")
            return
        }
        #expect(refusal.message.contains("another key"))
        #expect(judge(&gate, hello("a", .expert), first, peer: 3, nodes: ["a"]).isAllowed)
        // Once the node is gone its name is free.
        #expect(judge(&gate, hello("a", .expert), second, peer: 2).isAllowed)
    }

    @Test func revokedPeersAreFoundThoughTheySayNothing() throws {
        let anna = try key("anna", .client)
        let berta = try key("berta", .client)
        var gate = Gatekeeper(try folder.coordinatorKeys(logger: logger).allowList, logger: logger)
        let status = Message.statusRequest(StatusRequest(requestID: 1))
        for peer: UInt8 in 1...3 { #expect(judge(&gate, status, anna, peer: peer).isAllowed) }
        #expect(judge(&gate, status, berta, peer: 4).isAllowed)
        gate.forget(PeerID([2]))
        _ = try folder.revoke("anna")
        var revoked: [PeerID] = []
        for _ in 0..<150 where revoked.isEmpty {
            usleep(10_000)
            revoked = gate.takeChange() ?? []
        }
        #expect(revoked == [PeerID([1]), PeerID([3])])
        #expect(gate.takeChange() == nil)
        guard case .revoked(let refusal) = judge(&gate, status, anna) else {
            Issue.record("a revoked key still counts")
            return
        }
        #expect(refusal.code == .forbidden && refusal.retryAfterMilliseconds > 0)
        #expect(judge(&gate, status, berta, peer: 4).isAllowed)
    }
}

extension Gatekeeper.Verdict {
    fileprivate var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}
