/// Which tokens a Draft or Verify stands on (decisions.md 9, 11). A node cuts its cache to `baseLength - tail.count`
/// tokens, compares hashes, and either goes on from there or answers ``Missing``.
package struct Prefix: Equatable, Sendable {
    /// Committed tokens of the sequence, prompt included.
    package var baseLength: UInt32
    /// Chained hash of the first `baseLength - tail.count` tokens.
    package var hash: Hash128
    /// The committed tokens behind those: what the node may lack.
    package var tail: [Token]

    /// Creates the value from its parts.
    package init(baseLength: UInt32, hash: Hash128, tail: [Token]) {
        self.baseLength = baseLength
        self.hash = hash
        self.tail = tail
    }
}

/// The coordinator asks a drafter for tokens.
package struct Draft: Equatable, Sendable {
    /// Ties the answer to this request.
    package var fence: Fence
    /// The sequence's spec.
    package var specID: UInt64
    /// The spec itself, where the node may not have it.
    package var spec: SequenceSpec?
    /// What to draft behind.
    package var prefix: Prefix
    /// Most tokens to draft, at least 1.
    package var count: UInt32
    /// Stop before a position whose largest probability is below this (decisions.md 2); 0 never stops.
    package var minimumConfidence: Double

    /// Creates the value from its parts.
    package init(
        fence: Fence,
        specID: UInt64,
        spec: SequenceSpec?,
        prefix: Prefix,
        count: UInt32,
        minimumConfidence: Double = 0
    ) {
        self.fence = fence
        self.specID = specID
        self.spec = spec
        self.prefix = prefix
        self.count = count
        self.minimumConfidence = minimumConfidence
    }
}

/// A drafter's answer. Tokens never depend on anything but the request: a retry gives the same bytes.
package struct Drafted: Equatable, Sendable {
    /// Echoed.
    package var fence: Fence
    /// The drafted positions, in order; may be fewer than asked for, or none.
    package var positions: [DraftedPosition]
    /// Time of the passes that the request had a part in, for cost estimates.
    package var milliseconds: Double
    /// How many passes those were; 0 where that is not known.
    package var passes: UInt32
    /// Rows of all requests in them.
    package var rows: UInt32

    /// Creates the value from its parts.
    package init(
        fence: Fence,
        positions: [DraftedPosition],
        milliseconds: Double = 0,
        passes: UInt32 = 0,
        rows: UInt32 = 0
    ) {
        self.fence = fence
        self.positions = positions
        self.milliseconds = milliseconds
        self.passes = passes
        self.rows = rows
    }
}

/// The coordinator asks an expert to score a draft; with an empty draft this is plain expert decoding.
package struct Verify: Equatable, Sendable {
    /// Ties the answer to this request.
    package var fence: Fence
    /// The sequence's spec.
    package var specID: UInt64
    /// The spec itself, where the node may not have it.
    package var spec: SequenceSpec?
    /// What the draft stands on.
    package var prefix: Prefix
    /// The drafted positions to judge.
    package var draft: [DraftedPosition]

    /// Creates the value from its parts.
    package init(fence: Fence, specID: UInt64, spec: SequenceSpec?, prefix: Prefix, draft: [DraftedPosition]) {
        self.fence = fence
        self.specID = specID
        self.spec = spec
        self.prefix = prefix
        self.draft = draft
    }
}

/// An expert's answer: evidence for each drafted position and the token behind the last one.
package struct Verified: Equatable, Sendable {
    /// Echoed.
    package var fence: Fence
    /// One for each drafted position.
    package var evidence: [Evidence]
    /// The expert's token behind a fully accepted draft; nil under `bonus rule` with a draft.
    package var bonus: Token?
    /// What the expert's rows say, where the spec asks: one for each drafted position, and one for `bonus`.
    package var logprobs: [RowLogprobs]
    /// Time of the passes that the request had a part in, for cost estimates.
    package var milliseconds: Double
    /// How many passes those were; 0 where that is not known.
    package var passes: UInt32
    /// Rows of all requests in them.
    package var rows: UInt32

    /// Creates the value from its parts.
    package init(
        fence: Fence,
        evidence: [Evidence],
        bonus: Token?,
        logprobs: [RowLogprobs] = [],
        milliseconds: Double = 0,
        passes: UInt32 = 0,
        rows: UInt32 = 0
    ) {
        self.fence = fence
        self.evidence = evidence
        self.bonus = bonus
        self.logprobs = logprobs
        self.milliseconds = milliseconds
        self.passes = passes
        self.rows = rows
    }
}

/// A node's cache or spec table does not have what a request stands on.
package struct Missing: Equatable, Sendable {
    /// Echoed.
    package var fence: Fence
    /// Tokens of the sequence the node may have: ask again with a tail from here on; 0 asks for all.
    package var length: UInt32
    /// Whether the spec must be sent too.
    package var needsSpec: Bool

    /// Creates the value from its parts.
    package init(fence: Fence, length: UInt32, needsSpec: Bool) {
        self.fence = fence
        self.length = length
        self.needsSpec = needsSpec
    }
}

/// A node could not carry out one request; its other sequences are untouched.
package struct Failed: Equatable, Sendable {
    /// Echoed.
    package var fence: Fence
    /// Why, for programs.
    package var code: RefusalCode
    /// Why, for people.
    package var message: String

    /// Creates the value from its parts.
    package init(fence: Fence, code: RefusalCode, message: String) {
        self.fence = fence
        self.code = code
        self.message = message
    }
}

/// The sequence is finished: its cache and spec may go.
package struct Release: Equatable, Sendable {
    /// The coordinator's boot id.
    package var boot: UInt64
    /// The sequence.
    package var sequence: SequenceID
    /// Its spec.
    package var specID: UInt64

    /// Creates the value from its parts.
    package init(boot: UInt64, sequence: SequenceID, specID: UInt64) {
        self.boot = boot
        self.sequence = sequence
        self.specID = specID
    }
}
