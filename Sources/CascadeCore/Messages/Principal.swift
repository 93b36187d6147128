/// Whose a job is.
package struct JobOwner: Hashable, Sendable {
    /// The owner's name; empty in a cluster without keys, where all jobs are everybody's.
    package var name: String
    /// The public key that submitted it, as text; empty in a cluster without keys.
    package var key: String

    /// Owner of what is submitted without a key.
    package static let everybody = JobOwner(name: "", key: "")

    /// Creates the value from its parts.
    package init(name: String, key: String) {
        (self.name, self.key) = (name, key)
    }
}

/// Whom a coordinator takes the sender of a message for: what it may see, and whose the jobs are that it submits.
package struct Principal: Equatable, Sendable {
    /// Owner of what it submits.
    package var owner: JobOwner
    /// Whether it sees everybody's jobs and may end them.
    package var isAdmin: Bool
    /// Whether it may name the owner that it asks for: see ``acting(for:)``.
    package var namesOwners: Bool
    /// What its owner may take of the cluster.
    package var limits: OwnerLimits

    /// Anybody, in a cluster without keys.
    package static let anybody = Principal(owner: .everybody, isAdmin: true, namesOwners: true)

    /// Creates the value from its parts.
    package init(owner: JobOwner, isAdmin: Bool, namesOwners: Bool = false, limits: OwnerLimits = OwnerLimits()) {
        (self.owner, self.isAdmin, self.namesOwners, self.limits) = (owner, isAdmin, namesOwners, limits)
    }

    /// Whether a job of `owner` is its own: keys of one owner share their jobs.
    package func owns(_ owner: JobOwner) -> Bool { owner.name == self.owner.name }

    /// Whether it may learn of a job of `owner`, follow and end it.
    package func maySee(_ owner: JobOwner) -> Bool {
        isAdmin || owns(owner) || namesOwners && owner.name.hasPrefix(self.owner.prefix)
    }
}

/// Which of the jobs that a client may see a request is about.
package enum JobScope: Equatable, Sendable {
    /// All of them.
    case all
    /// Those of the client's own owner.
    case mine
    /// Those of the owner with this name.
    case owner(String)

    /// Whether a job of `owner` is among those that are meant, and that `principal` may see.
    package func contains(_ owner: JobOwner, for principal: Principal) -> Bool {
        guard principal.maySee(owner) else { return false }
        return switch self {
        case .all: true
        case .mine: principal.owns(owner)
        case .owner(let name): owner.name == name
        }
    }
}
