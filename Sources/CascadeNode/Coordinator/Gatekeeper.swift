internal import CascadeCore
internal import CascadeKeys
internal import CascadeTransport
internal import Logging
internal import OrderedCollections

/// Decides what the peers of a coordinator with keys may say. Confined to the reactor thread.
///
/// The role is looked up for every message: a key that is revoked loses its rights on live connections too.
struct Gatekeeper {
    /// What becomes of a message.
    enum Verdict: Equatable {
        case allowed(Principal)
        /// The peer is told why.
        case forbidden(Refused)
        /// The peer is told why, and counts as gone.
        case revoked(Refused)
    }

    /// Peers whose key is remembered; more are only looked at when they speak.
    private static let peersRemembered = 16_384
    private static let logMilliseconds: UInt64 = 1_000
    /// When a node whose key was revoked may ask again: the key may be allowed once more.
    private static let retryMilliseconds: UInt32 = 5_000

    private let allowList: AllowList
    private let logger: Logger
    /// Who is behind a peer, oldest first: those that stay silent must be found when their key is revoked.
    private var users: OrderedDictionary<PeerID, PublicKey> = [:]
    /// Whose key joined under a node's name.
    private var owners: [String: PublicKey] = [:]
    private var generation: UInt64
    private var nextLog: [PublicKey: Instant] = [:]
    /// Messages that were not allowed.
    private(set) var forbiddenCount: UInt64 = 0

    init(_ allowList: AllowList, logger: Logger) {
        self.allowList = allowList
        self.logger = logger
        generation = allowList.generation
    }

    /// Judges a message.
    /// - Parameter isNode: whether a live node has that name.
    mutating func judge(
        _ message: Message,
        name: String,
        from peer: PeerID,
        user: PublicKey?,
        now: Instant,
        isNode: (String) -> Bool
    ) -> Verdict {
        // ZeroMQ hands over no message of a peer without a key here; if it did, the peer would have no rights.
        guard let user, let entry = allowList.entry(of: user), let role = entry.role else {
            let text =
                "the key is not allowed, or no longer: 'cascade keys list' where the coordinator runs shows which are"
            forbid(message, name: name, user, "no allowed key", now)
            return .revoked(refusal(message, text, retryAfterMilliseconds: Self.retryMilliseconds))
        }
        remember(peer, user)
        guard role.allows(message) else {
            forbid(message, name: name, user, "key \(entry.name), role \(role.rawValue)", now)
            let what = Self.describe(message, name: name)
            return .forbidden(refusal(message, "key \(entry.name) with role \(role.rawValue) may not send \(what)"))
        }
        if case .hello(let hello) = message {
            let node = hello.identity.name
            if let owner = owners[node], owner != user, isNode(node) {
                forbid(message, name: name, user, "node \(node) belongs to another key", now)
                let text = "the node \(node) belongs to another key: choose another name with --node-id"
                return .forbidden(refusal(message, text))
            }
            owners[node] = user
            if owners.count > 4_096 { owners = owners.filter { isNode($0.key) || $0.key == node } }
        }
        return .allowed(entry.principal)
    }

    /// The keys whose jobs may run.
    var principals: [Principal] { allowList.principals }

    /// Peers whose key is not allowed any more; nil where the list has not changed since the last call.
    mutating func takeChange() -> [PeerID]? {
        let current = allowList.generation
        guard current != generation else { return nil }
        generation = current
        let revoked = users.filter { allowList.entry(of: $0.value) == nil }.map(\.key)
        for peer in revoked { users[peer] = nil }
        return revoked
    }

    /// What a peer is told whose key was revoked while it was silent.
    static let revocation = Refused(
        code: .forbidden,
        message: "the key has been revoked",
        retryAfterMilliseconds: retryMilliseconds
    )

    /// A peer is gone.
    mutating func forget(_ peer: PeerID) {
        users[peer] = nil
    }

    private mutating func remember(_ peer: PeerID, _ user: PublicKey) {
        guard users.updateValue(user, forKey: peer) == nil, users.count > Self.peersRemembered else { return }
        // A quarter at once: the first elements of an ordered dictionary are dear to remove one by one.
        users.removeFirst(Self.peersRemembered / 4)
    }

    private mutating func forbid(
        _ message: Message,
        name: String,
        _ user: PublicKey?,
        _ reason: String,
        _ now: Instant
    ) {
        forbiddenCount += 1
        if let user {
            if let next = nextLog[user], now < next { return }
            // Only who has a key that was allowed once comes this far.
            if nextLog.count > 4_096 { nextLog = [:] }
            nextLog[user] = now.advanced(milliseconds: Self.logMilliseconds)
        }
        logger.warning(
            "message forbidden",
            metadata: ["message": "\(name)", "reason": "\(reason)", "forbidden": "\(forbiddenCount)"]
        )
    }

    private func refusal(_ message: Message, _ text: String, retryAfterMilliseconds: UInt32 = 0) -> Refused {
        Refused(
            code: .forbidden,
            message: text,
            requestID: Self.requestID(of: message),
            retryAfterMilliseconds: retryAfterMilliseconds
        )
    }

    private static func describe(_ message: Message, name: String) -> String {
        if case .hello(let hello) = message { "hello as \(hello.role.rawValue)" } else { name }
    }

    private static func requestID(of message: Message) -> UInt64 {
        switch message {
        case .submit(let request): request.requestID
        case .watch(let request): request.requestID
        case .cancel(let request): request.requestID
        case .cancelJobs(let request): request.requestID
        case .statusRequest(let request): request.requestID
        case .jobsRequest(let request): request.requestID
        case .nodesRequest(let request): request.requestID
        case .drainNode(let request): request.requestID
        default: 0
        }
    }
}
