import CascadeCore
import Testing

@testable import CascadeWire

/// What each role may say: the whole table, so that a new message is forbidden to all until it is put in here.
@Suite struct KeyRoleTests {
    private static let nodes: [MessageKind] = [.hello, .ready, .pong, .missing, .failed, .goodbye]
    private static let clients: [MessageKind] = [
        .submit, .watch, .cancel, .cancelJobs, .statusRequest, .jobsRequest, .nodesRequest,
    ]

    private static let table: [(role: KeyRole, kinds: [MessageKind])] = [
        (.drafter, nodes + [.drafted]), (.expert, nodes + [.verified, .tokenizerChunk]), (.client, clients),
        (.gateway, clients), (.admin, clients + [.drainNode]),
    ]

    @Test(arguments: MessageKind.allCases)
    func everyMessageForEveryRole(_ kind: MessageKind) {
        for (role, kinds) in Self.table {
            var message = Samples.message(kind)
            if case .hello(var hello) = message {
                guard let nodeRole = NodeRole(rawValue: role.rawValue) else {
                    #expect(!role.allows(message))
                    continue
                }
                hello.role = nodeRole
                message = .hello(hello)
            }
            #expect(role.allows(message) == kinds.contains(kind), "\(role) \(kind)")
        }
    }

    @Test func aHelloInAnotherRoleIsForbidden() throws {
        guard case .hello(var hello) = Samples.message(.hello) else { return }
        for nodeRole in NodeRole.allCases {
            hello.role = nodeRole
            for role in KeyRole.allCases { #expect(role.allows(.hello(hello)) == (role == KeyRole(nodeRole))) }
        }
    }
}
