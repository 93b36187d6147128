import CascadeCore

/// Who is behind a peer id in the simulation.
struct SimulatedAddress: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case node, client, stranger, crowd
    }

    let kind: Kind
    /// Which of its kind.
    let index: Int
    /// Counts connections: a peer that connects anew has another id.
    var connection: Int

    var peer: PeerID {
        PeerID([
            kind.rawValue, UInt8(index), UInt8(truncatingIfNeeded: connection >> 8),
            UInt8(truncatingIfNeeded: connection),
        ])
    }

    /// Whose its jobs are: clients belong to three owners, a crowd is one, and strangers have no key to show.
    var owner: JobOwner {
        switch kind {
        case .client: Self.clients[index]
        case .crowd: Self.crowds[index]
        case .node, .stranger: Self.stranger
        }
    }

    /// What its owner may take where nobody contends.
    var usualLimits: OwnerLimits {
        var limits = OwnerLimits()
        if kind == .client { limits.weight = 1 + index % 3 }
        return limits
    }

    // Made once: they are asked for with every message.
    private static let clients = (0...UInt8.max).map { JobOwner(name: "owner \($0 % 3)", key: "client \($0)") }
    private static let crowds = (0...UInt8.max).map { JobOwner(name: "crowd \($0)", key: "crowd \($0)") }
    private static let stranger = JobOwner(name: "stranger", key: "stranger")

    init(_ kind: Kind, _ index: Int, connection: Int = 1) {
        self.kind = kind
        self.index = index
        self.connection = connection
    }

    init?(_ peer: PeerID) {
        guard peer.bytes.count == 4, let kind = Kind(rawValue: peer.bytes[0]) else { return nil }
        self.init(kind, Int(peer.bytes[1]), connection: Int(peer.bytes[2]) << 8 | Int(peer.bytes[3]))
    }
}

/// A peer's link to the coordinator.
struct SimulatedLink: Sendable {
    var address: SimulatedAddress
    /// Until when nothing reaches the coordinator.
    var upBlockedUntil = Instant(nanoseconds: 0)
    /// Until when nothing comes from the coordinator.
    var downBlockedUntil = Instant(nanoseconds: 0)
}
