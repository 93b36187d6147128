import CascadeCoordinator
import CascadeCore
import CascadeTestSupport

/// What the network of a ``ToyCluster`` does to messages. None of it but the last two looks at anything drawn; those
/// two may, because whoever is asked again draws the same.
enum ToyFault: CaseIterable {
    /// Everything arrives twice.
    case duplicates
    /// Of each round the first request to an expert is lost.
    case lostVerify
    /// Of each round the first reply of an expert is lost.
    case lostVerified
    /// Of each round the first reply of an expert arrives when another attempt has been committed, before all else.
    case lateVerified
    /// Of each round the first reply of an expert comes when another expert has been asked, before that one's.
    case slowVerified
    /// Of each round the first reply of an expert says that it failed.
    case failedVerify
    /// Behind each committed token the first request to a drafter is lost.
    case lostDraft
    /// Behind each committed token the first reply of a drafter arrives when another drafter has been asked, before
    /// that one's.
    case lateDrafted
    /// Of each round the first request finds that its node has forgotten everything.
    case forgetfulNodes
    /// A drafter's first reply behind each committed token is lost if it begins with token 0.
    case choosyDrafted
    /// An expert's first reply of each round is lost if the first token that it drew is an end token.
    case choosyVerified

    /// What the coordinator must have met for the fault to be worth its name.
    var transitions: [Transition] {
        switch self {
        case .duplicates: [.replyStale, .jobRepeated]
        case .lostVerify, .lostVerified: [.requestExpired, .roundRetried]
        case .lateVerified: [.requestExpired, .roundRetried, .expertChanged, .replyStale]
        case .slowVerified: [.requestExpired, .roundRetried, .expertChanged, .replyStale]
        case .failedVerify: [.requestFailed, .roundRetried]
        case .lostDraft, .choosyDrafted: [.requestExpired, .roundAbandoned]
        case .lateDrafted: [.requestExpired, .roundAbandoned, .replyStale]
        case .forgetfulNodes: [.requestMissing]
        case .choosyVerified: [.requestExpired, .roundRetried, .expertChanged]
        }
    }

    /// Whether there is a second node of a role.
    func hasSecond(_ role: NodeRole) -> Bool {
        switch self {
        case .lostDraft, .lateDrafted, .choosyDrafted: role == .drafter
        case .lateVerified, .slowVerified, .choosyVerified: role == .expert
        default: false
        }
    }

    /// What happens to one message.
    enum Fate {
        case delivered
        case twice
        case lost
        /// Held until a round with this number is committed.
        case heldUntilCommit
        /// Held until another node has been asked.
        case heldUntilNextRequest
        /// Replaced by a failure.
        case failed
        /// Delivered to a node that has forgotten everything.
        case forgotten
    }

    /// The fate of a message to or from a node; `isFirst` says whether it is the first of its kind for its round or, of
    /// drafts, behind its prefix.
    func fate(of message: Message, isFirst: Bool) -> Fate {
        if self == .duplicates { return .twice }
        guard isFirst else { return .delivered }
        switch (self, message) {
        case (.lostVerify, .verify), (.lostVerified, .verified), (.lostDraft, .draft): return .lost
        case (.lateVerified, .verified): return .heldUntilCommit
        case (.slowVerified, .verified), (.lateDrafted, .drafted): return .heldUntilNextRequest
        case (.failedVerify, .verified): return .failed
        case (.forgetfulNodes, .draft), (.forgetfulNodes, .verify): return .forgotten
        case (.choosyDrafted, .drafted(let drafted)) where drafted.positions.first?.token == 0: return .lost
        case (.choosyVerified, .verified(let verified)):
            return (verified.evidence.first?.residual ?? verified.bonus) == ToyPair.end ? .lost : .delivered
        default: return .delivered
        }
    }
}
