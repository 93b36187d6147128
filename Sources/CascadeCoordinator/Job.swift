import CascadeCore

/// A job that has not ended.
struct Job: Sendable {
    let id: JobID
    /// Counts jobs in the order they came.
    let number: UInt64
    /// What the client asked for.
    let submit: Submit
    let seed: UInt64
    /// The draft length in force.
    let draftLength: DraftLength
    let acceptedAt: Instant
    var stage = Stage.awaitingVocabulary
    var watchers: [Watcher] = []
    var firstRequestAt: Instant?
    var firstTokenAt: Instant?
    /// Whose tokens the driver was asked for.
    var vocabulary: Hash128?
    /// The prompt's tokens, from ``Stage/awaitingRoom`` on.
    var prompt: [Token] = []
    /// From ``Stage/running`` on.
    var sequence: ActiveSequence?

    /// How far it has come.
    enum Stage: Sendable {
        /// Nobody knows the pool's tokenizer yet.
        case awaitingVocabulary
        /// The driver makes tokens of the prompt.
        case tokenizing
        /// No expert has room for it.
        case awaitingRoom
        /// Its rounds run.
        case running
    }

    /// Where a drafter stops: before a position whose largest probability is below this; 0 never stops.
    var minimumConfidence: Double {
        switch submit.rule.rule {
        case .tokenCascade: 1 - submit.rule.alpha
        case .sequentialChow: 0
        default: submit.draftMinimumConfidence
        }
    }

    /// The answer so far, as far as it is certain.
    var certain: ActiveSequence? { sequence?.isProvisional == true ? nil : sequence }

    /// Bytes that it costs while it waits.
    var bytes: Int { submit.byteCount }

    /// What clients are told.
    var state: JobState { stage == .running ? .running : .queued }
}

/// A client that follows a job: two offsets, nothing more. What it gets is read from the sequence.
struct Watcher: Sendable {
    let peer: PeerID
    var tokenOffset: Int
    var byteOffset: Int
    /// When it was last heard, or sent something that was new.
    var lastActive: Instant
}

extension Submit {
    /// Bytes that keeping it costs.
    var byteCount: Int {
        prompt.count + (system?.count ?? 0) + stop.reduce(0) { $0 + $1.count } + 512
    }

    /// Whether a repeated submission asks for the same: everything but what belongs to the connection.
    func asksForTheSame(as other: Submit) -> Bool {
        var other = other
        other.requestID = requestID
        other.follow = follow
        return self == other
    }
}
