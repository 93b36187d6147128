/// A client asks for an answer.
package struct Submit: Equatable, Sendable {
    /// The client's number for this request, echoed.
    package var requestID: UInt64
    /// Random per submission: a retry with the same key finds the same job.
    package var submitKey: Hash128
    /// The pool that shall answer.
    package var pool: String
    /// The prompt's bytes, UTF-8 as a rule; none where there is a conversation.
    package var prompt: [UInt8]
    /// How the prompt becomes tokens.
    package var format: PromptFormat
    /// A system message for the chat template.
    package var system: [UInt8]?
    /// What was said so far, in place of prompt and system message.
    package var conversation: Conversation?
    /// Whether control tokens that are written out in the texts of a chat, such as `<|im_end|>`, count as such; else
    /// they are text, and control tokens come from the template alone. Prompts that are sent as they are may always
    /// have them.
    package var parsesSpecial: Bool
    /// The client's clock at submission, for chat templates that print the date: seconds since the beginning of 1970 in
    /// its own time zone. Nil: no date.
    package var localSeconds: UInt64?
    /// How rows are made from logits.
    package var sampling: SamplingSettings
    /// How drafts are judged.
    package var rule: RuleSettings
    /// Whether the coordinator's default rule and alpha stand in for those of ``rule``.
    package var usesDefaultRule: Bool
    /// Most tokens of the answer.
    package var maxTokens: UInt32
    /// Strings that end the answer; the answer ends before the first of them.
    package var stop: [[UInt8]]
    /// Key of the random streams; nil lets the coordinator draw one.
    package var seed: UInt64?
    /// Which of several answers to one prompt this is, from 0: part of the random streams' key, so that answers with
    /// one seed differ.
    package var sample: UInt32
    /// Tokens drafted per round; nil leaves it to the coordinator.
    package var draftLength: DraftLength?
    /// What may draft.
    package var drafterKind: DrafterKind
    /// `--draft-p-min`: the drafter stops where its largest probability is below this.
    package var draftMinimumConfidence: Double
    /// Whether deltas shall be sent as they come.
    package var follow: Bool
    /// Which of its owner's jobs get room first.
    package var priority: Priority
    /// Milliseconds from its acceptance after which the job ends, done or not; nil: none.
    package var deadlineMilliseconds: UInt32?
    /// How many of the expert's likeliest tokens are told with each token of the answer, and the expert's log
    /// probability of that token with them; nil: nothing of this. See ``Logprobs``.
    package var logprobs: UInt32?
    /// What the answer's text has to be; nil: anything.
    package var constraint: OutputConstraint?
    /// As in ``Message/onBehalfOf``.
    package var onBehalfOf: String?

    /// Creates the value from its parts.
    package init(
        requestID: UInt64,
        submitKey: Hash128,
        pool: String,
        prompt: [UInt8],
        format: PromptFormat,
        system: [UInt8]? = nil,
        conversation: Conversation? = nil,
        parsesSpecial: Bool = false,
        localSeconds: UInt64? = nil,
        sampling: SamplingSettings,
        rule: RuleSettings,
        usesDefaultRule: Bool = false,
        maxTokens: UInt32,
        stop: [[UInt8]] = [],
        seed: UInt64? = nil,
        sample: UInt32 = 0,
        draftLength: DraftLength? = nil,
        drafterKind: DrafterKind = .both,
        draftMinimumConfidence: Double = 0,
        follow: Bool = true,
        priority: Priority = .normal,
        deadlineMilliseconds: UInt32? = nil,
        logprobs: UInt32? = nil,
        constraint: OutputConstraint? = nil,
        onBehalfOf: String? = nil
    ) {
        self.requestID = requestID
        self.submitKey = submitKey
        self.pool = pool
        self.prompt = prompt
        self.format = format
        self.system = system
        self.conversation = conversation
        self.parsesSpecial = parsesSpecial
        self.localSeconds = localSeconds
        self.sampling = sampling
        self.rule = rule
        self.usesDefaultRule = usesDefaultRule
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
        self.sample = sample
        self.draftLength = draftLength
        self.drafterKind = drafterKind
        self.draftMinimumConfidence = draftMinimumConfidence
        self.follow = follow
        self.priority = priority
        self.deadlineMilliseconds = deadlineMilliseconds
        self.logprobs = logprobs
        self.constraint = constraint
        self.onBehalfOf = onBehalfOf
    }

    /// Whether an ``Explanation`` goes with each token of the answer.
    package var wantsExplanations: Bool { rule.explains || logprobs != nil }
    /// What a node has to know to take part in it, see ``Hello/samplingVersion``: an older one would leave out in
    /// silence what it does not know.
    package var samplingVersion: UInt32 { max(sampling.version, constraint == nil ? 0 : OutputConstraint.version) }
}

/// The job exists from now on.
package struct Accepted: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// Its name.
    package var job: JobID
    /// The seed in force.
    package var seed: UInt64
    /// The draft length in force.
    package var draftLength: DraftLength

    /// Creates the value from its parts.
    package init(requestID: UInt64, job: JobID, seed: UInt64, draftLength: DraftLength) {
        self.requestID = requestID
        self.job = job
        self.seed = seed
        self.draftLength = draftLength
    }
}

/// A client wants a job's deltas from an offset on. Idempotent: clients repeat it as their heartbeat, and every watch
/// is answered by a ``Delta`` (perhaps empty), a ``Finished`` or a ``Refused``.
package struct Watch: Equatable, Sendable {
    /// The client's number, echoed in a refusal.
    package var requestID: UInt64
    /// The job.
    package var job: JobID
    /// Tokens of the answer the client has.
    package var tokenOffset: UInt32
    /// Bytes of text the client has.
    package var byteOffset: UInt32

    /// Creates the value from its parts.
    package init(requestID: UInt64, job: JobID, tokenOffset: UInt32, byteOffset: UInt32) {
        self.requestID = requestID
        self.job = job
        self.tokenOffset = tokenOffset
        self.byteOffset = byteOffset
    }
}

/// A client asks to end a job; answered by ``Finished``. A finished job stays as it is.
package struct Cancel: Equatable, Sendable {
    /// The client's number, echoed in a refusal.
    package var requestID: UInt64
    /// The job.
    package var job: JobID

    /// Creates the value from its parts.
    package init(requestID: UInt64, job: JobID) {
        self.requestID = requestID
        self.job = job
    }
}

/// A client asks to end several jobs at once; answered by ``JobsCancelled``. Finished jobs stay as they are.
package struct CancelJobs: Equatable, Sendable {
    /// Which ones.
    package enum Selection: Equatable, Sendable {
        /// These, at most ``mostJobs``.
        case jobs([JobID])
        /// Those that have not ended, oldest first, at most ``mostJobs`` of them.
        case scope(JobScope)
    }

    /// Jobs that one request ends, at most.
    package static let mostJobs = 1_000

    /// Echoed.
    package var requestID: UInt64
    /// The jobs.
    package var selection: Selection
    /// As in ``Message/onBehalfOf``.
    package var onBehalfOf: String?

    /// Creates the value from its parts.
    package init(requestID: UInt64, selection: Selection, onBehalfOf: String? = nil) {
        self.requestID = requestID
        self.selection = selection
        self.onBehalfOf = onBehalfOf
    }
}

/// What became of the jobs of a ``CancelJobs``.
package struct JobsCancelled: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// Those that it ended.
    package var cancelled: [JobID]
    /// Those that had ended before.
    package var ended: [JobID]
    /// Those that the client knows nothing of.
    package var unknown: [JobID]
    /// How many more the selection has: another request ends them.
    package var remaining: UInt32

    /// Creates the value from its parts.
    package init(
        requestID: UInt64,
        cancelled: [JobID] = [],
        ended: [JobID] = [],
        unknown: [JobID] = [],
        remaining: UInt32 = 0
    ) {
        self.requestID = requestID
        self.cancelled = cancelled
        self.ended = ended
        self.unknown = unknown
        self.remaining = remaining
    }
}
