import CascadeCore

/// Who is behind a peer id in the simulation.
struct SimulatedAddress: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case node, client, stranger
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

    /// Whom its messages are taken for: clients belong to three owners, a stranger to nobody's.
    var principal: Principal {
        let name = kind == .client ? "owner \(index % 3)" : "stranger"
        var limits = OwnerLimits()
        if kind == .client { limits.weight = 1 + index % 3 }
        return Principal(owner: JobOwner(name: name, key: "\(kind) \(index)"), isAdmin: false, limits: limits)
    }

    init(_ kind: Kind, _ index: Int, connection: Int) {
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
