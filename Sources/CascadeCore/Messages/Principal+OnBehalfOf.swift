extension Message {
    /// The owner that a gateway asks for, by the name that its users' keys have, and the request's number; nil where
    /// the sender asks for itself.
    package var onBehalfOf: (owner: String, requestID: UInt64)? {
        switch self {
        case .submit(let request): request.onBehalfOf.map { ($0, request.requestID) }
        case .cancelJobs(let request): request.onBehalfOf.map { ($0, request.requestID) }
        case .statusRequest(let request): request.onBehalfOf.map { ($0, request.requestID) }
        case .jobsRequest(let request): request.onBehalfOf.map { ($0, request.requestID) }
        default: nil
        }
    }
}

extension JobOwner {
    /// Bytes of a name that is named on behalf, at most.
    package static let mostNamedBytes = 64

    /// How the names of those begin for whom this owner asks: no key's owner has a slash in its name.
    var prefix: String { name.isEmpty ? "" : name + "/" }

    /// Whether an owner can be called so.
    private static func isName(_ name: String) -> Bool {
        (1...mostNamedBytes).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    /// The owner that this one calls so: `GATEWAY/NAME`, and `NAME` in a cluster without keys; nil for what is no name.
    func named(_ name: String) -> JobOwner? {
        Self.isName(name) ? JobOwner(name: prefix + name, key: key) : nil
    }
}

extension Principal {
    /// Whom a message counts as sent by that names an owner: somebody who sees that owner's jobs and no others, with
    /// the limits that the sender has. Nil where the sender may name nobody, or the name is none.
    package func acting(for name: String) -> Principal? {
        guard namesOwners, let owner = owner.named(name) else { return nil }
        return Principal(owner: owner, isAdmin: false, limits: limits)
    }
}
