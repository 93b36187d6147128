/// What whoever uses a key may do.
package enum KeyRole: String, CaseIterable, Sendable {
    /// Serve as a drafter.
    case drafter
    /// Serve as an expert.
    case expert
    /// Submit jobs and ask how things are.
    case client
    /// What a client may, for owners that it names: a gateway knows whose requests it passes on.
    case gateway
    /// What a client may, and operate the cluster.
    case admin

    /// The key's role that a node needs.
    package init(_ role: NodeRole) {
        switch role {
        case .drafter: self = .drafter
        case .expert: self = .expert
        }
    }

    /// Whether it may submit jobs, which then belong to the key's owner.
    package var mayOwnJobs: Bool { self == .client || self == .gateway || self == .admin }

    /// Whether whoever uses a key of this role may send `message` to a coordinator.
    package func allows(_ message: Message) -> Bool {
        switch message {
        case .hello(let hello): self == KeyRole(hello.role)
        case .ready, .pong, .missing, .failed, .goodbye: self == .drafter || self == .expert
        case .drafted: self == .drafter
        case .verified, .tokenizerChunk: self == .expert
        case .submit, .watch, .cancel, .cancelJobs, .statusRequest, .jobsRequest, .nodesRequest:
            mayOwnJobs
        case .drainNode: self == .admin
        // What only coordinators say.
        case .welcome, .refused, .ping, .draft, .verify, .release, .drain, .accepted, .delta, .finished,
            .jobsCancelled, .jobList, .nodeList, .clusterStatus:
            false
        }
    }
}
