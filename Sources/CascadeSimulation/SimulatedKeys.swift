import CascadeCore

/// The keys of a history and what their owners may take, as an operator's list says at a moment. Clients belong to
/// three owners, crowds are owners of their own.
struct SimulatedKeys: Sendable {
    /// What becomes of the jobs of a key that was revoked.
    private enum Fate { case jobsEnd, jobsRunOn }

    /// Those who have keys.
    private let holders: [SimulatedAddress]
    private var limits: [String: OwnerLimits] = [:]
    private var revoked: [String: Fate] = [:]
    private var everRevoked: Set<String> = []

    init(_ holders: [SimulatedAddress]) {
        self.holders = holders
        for holder in holders { limits[holder.owner.name] = holder.usualLimits }
    }

    /// Owners, each once, in order.
    var owners: [String] {
        holders.reduce(into: []) { if !$0.contains($1.owner.name) { $0.append($1.owner.name) } }
    }

    /// Whom a message is taken for; nil where the key is not allowed.
    func principal(of address: SimulatedAddress) -> Principal? {
        revoked[address.owner.key] == nil ? entry(address) : nil
    }

    private func entry(_ address: SimulatedAddress) -> Principal {
        let owner = address.owner
        return Principal(owner: owner, isAdmin: false, limits: limits[owner.name] ?? OwnerLimits())
    }

    /// What the coordinator is told: the keys whose jobs may run.
    var principals: [Principal] {
        holders.filter { revoked[$0.owner.key] != .jobsEnd }.map(entry)
    }

    /// Whether a key was ever not allowed.
    func wasRevoked(_ address: SimulatedAddress) -> Bool { everRevoked.contains(address.owner.key) }

    /// One of those who have keys.
    func anyHolder(_ random: inout SplitMix64) -> SimulatedAddress { random.pick(holders) }

    // MARK: Changes

    mutating func set(_ limits: OwnerLimits, of owner: String) { self.limits[owner] = limits }

    mutating func revoke(_ address: SimulatedAddress, keepsJobs: Bool) {
        revoked[address.owner.key] = keepsJobs ? .jobsRunOn : .jobsEnd
        everRevoked.insert(address.owner.key)
    }

    /// All keys are allowed again.
    mutating func allowAll() { revoked = [:] }

    /// Nobody's tokens are counted any more: a minute's take longer to come back than a history lasts.
    mutating func liftMinutes() {
        for name in owners { limits[name]?.maxTokensPerMinute = nil }
    }
}
