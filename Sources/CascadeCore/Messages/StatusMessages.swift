/// A client asks how a job, or with no job the cluster, is doing.
package struct StatusRequest: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// The job, or nil for the cluster.
    package var job: JobID?
    /// As in ``Message/onBehalfOf``.
    package var onBehalfOf: String?

    /// Creates the value from its parts.
    package init(requestID: UInt64, job: JobID? = nil, onBehalfOf: String? = nil) {
        self.requestID = requestID
        self.job = job
        self.onBehalfOf = onBehalfOf
    }
}

/// A client asks for the list of jobs, newest first.
package struct JobsRequest: Equatable, Sendable {
    /// Jobs that one answer has room for.
    package static let mostJobs: UInt32 = 1_000

    /// Echoed.
    package var requestID: UInt64
    /// Most jobs to list.
    package var limit: UInt32
    /// Which ones.
    package var scope: JobScope
    /// As in ``Message/onBehalfOf``.
    package var onBehalfOf: String?

    /// Creates the value from its parts.
    package init(requestID: UInt64, limit: UInt32, scope: JobScope = .all, onBehalfOf: String? = nil) {
        self.requestID = requestID
        self.limit = limit
        self.scope = scope
        self.onBehalfOf = onBehalfOf
    }
}

/// A client asks for the list of nodes.
package struct NodesRequest: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64

    /// Creates the value from its parts.
    package init(requestID: UInt64) {
        self.requestID = requestID
    }
}

/// One line about a job.
package struct JobSummary: Equatable, Sendable {
    /// The job.
    package var job: JobID
    /// Where it stands.
    package var state: JobState
    /// How it ended.
    package var reason: FinishReason?
    /// What it waits for or why it failed, for people.
    package var note: String
    /// Its pool.
    package var pool: String
    /// Prompt tokens, 0 before they are known.
    package var promptTokens: UInt32
    /// Committed tokens of the answer.
    package var completionTokens: UInt32
    /// Since acceptance.
    package var ageMilliseconds: Double
    /// The first characters of the prompt, or of the user's last message, by which its owner knows it again; empty
    /// where it is not told.
    package var promptBeginning: String
    /// Its owner's name; empty where it is everybody's.
    package var owner: String

    /// Unicode scalars of a note in a list, at most: one answer has room for ``JobsRequest/mostJobs`` such notes.
    package static let listedNoteLength = 200
    /// Bytes of a prompt's beginning, at most.
    package static let beginningBytes = 80

    /// Creates the value from its parts.
    package init(
        job: JobID,
        state: JobState,
        reason: FinishReason?,
        note: String,
        pool: String,
        promptTokens: UInt32,
        completionTokens: UInt32,
        ageMilliseconds: Double,
        promptBeginning: String = "",
        owner: String = ""
    ) {
        self.job = job
        self.state = state
        self.reason = reason
        self.note = note
        self.pool = pool
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.ageMilliseconds = ageMilliseconds
        self.promptBeginning = promptBeginning
        self.owner = owner
    }

    /// The beginning of a prompt, cut between characters.
    package static func beginning(of prompt: [UInt8]) -> String {
        var beginning = ""
        for character in String(decoding: prompt.prefix(beginningBytes), as: UTF8.self) {
            guard beginning.utf8.count + character.utf8.count <= beginningBytes else { break }
            // Half a character, at the cut.
            if character == "\u{FFFD}", prompt.count > beginningBytes { break }
            beginning.append(character)
        }
        return beginning
    }
}

/// Answers a jobs request, or a status request about one job.
package struct JobList: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// Newest first.
    package var jobs: [JobSummary]

    /// Creates the value from its parts.
    package init(requestID: UInt64, jobs: [JobSummary]) {
        self.requestID = requestID
        self.jobs = jobs
    }
}

/// One line about a node.
package struct NodeSummary: Equatable, Sendable {
    /// The node is out of use as long as others can do its work: it failed job after job.
    package struct Rest: Equatable, Sendable {
        /// How long it takes until it is tried again.
        package var milliseconds: Double
        /// What it did, for people.
        package var reason: String

        /// Creates the value from its parts.
        package init(milliseconds: Double, reason: String) {
            (self.milliseconds, self.reason) = (milliseconds, reason)
        }
    }

    /// What an owner has of the node's cache.
    package struct Share: Equatable, Sendable {
        /// The owner's name.
        package var owner: String
        /// Sequences of running jobs that have their cache here.
        package var sequences: UInt32
        /// Tokens of the pages that they hold.
        package var tokens: UInt32

        /// Shares of one node that an answer has room for.
        package static let most = 100

        /// Creates the value from its parts.
        package init(owner: String, sequences: UInt32, tokens: UInt32) {
            (self.owner, self.sequences, self.tokens) = (owner, sequences, tokens)
        }
    }

    /// Who.
    package var identity: NodeIdentity
    /// What it does.
    package var role: NodeRole
    /// For whom.
    package var pool: String
    /// With which model.
    package var modelName: String
    /// Whether work goes to it.
    package var state: NodeState
    /// Requests outstanding.
    package var inFlight: UInt32
    /// Requests that may be.
    package var credits: UInt32
    /// Its last report.
    package var progress: Progress
    /// Tokens that its cache holds over all sequences.
    package var kvTokens: UInt32
    /// Most tokens of one sequence.
    package var contextLength: UInt32
    /// Its measured cost curve.
    package var costs: [CostPoint]
    /// Its program's version.
    package var software: String
    /// Since it was last heard.
    package var silentMilliseconds: Double
    /// Share of the last seconds that it spent in passes; nil where that is not known.
    package var busyFraction: Double?
    /// Processor time of the last seconds, in cores; nil where that is not known.
    package var cpuFraction: Double?
    /// Names the cores that it computes on.
    package var host: String
    /// Whether it makes its answers up.
    package var isSynthetic: Bool
    /// Why it is out of use; nil where it is not.
    package var rest: Rest?
    /// Whose sequences it has, of the owners that the client may see, the largest share first; none where there are no
    /// keys.
    package var shares: [Share]

    /// Creates the value from its parts.
    package init(
        identity: NodeIdentity,
        role: NodeRole,
        pool: String,
        modelName: String,
        state: NodeState,
        inFlight: UInt32,
        credits: UInt32,
        progress: Progress,
        kvTokens: UInt32,
        contextLength: UInt32,
        costs: [CostPoint],
        software: String,
        silentMilliseconds: Double,
        busyFraction: Double? = nil,
        cpuFraction: Double? = nil,
        host: String = "",
        isSynthetic: Bool = false,
        rest: Rest? = nil,
        shares: [Share] = []
    ) {
        self.identity = identity
        self.role = role
        self.pool = pool
        self.modelName = modelName
        self.state = state
        self.inFlight = inFlight
        self.credits = credits
        self.progress = progress
        self.kvTokens = kvTokens
        self.contextLength = contextLength
        self.costs = costs
        self.software = software
        self.silentMilliseconds = silentMilliseconds
        self.busyFraction = busyFraction
        self.cpuFraction = cpuFraction
        self.host = host
        self.isSynthetic = isSynthetic
        self.rest = rest
        self.shares = shares
    }
}

/// Answers a nodes request.
package struct NodeList: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// By role and name.
    package var nodes: [NodeSummary]

    /// Creates the value from its parts.
    package init(requestID: UInt64, nodes: [NodeSummary]) {
        self.requestID = requestID
        self.nodes = nodes
    }
}

/// An operator wants a node to finish what it has and leave; answered by a list of that node alone.
package struct DrainNode: Equatable, Sendable {
    /// The client's number for this request.
    package var requestID: UInt64
    /// The node's name.
    package var name: String

    /// Creates the value from its parts.
    package init(requestID: UInt64, name: String) {
        self.requestID = requestID
        self.name = name
    }
}

/// What the coordinator has sent and received of one kind of message since its start.
package struct MessageTraffic: Equatable, Sendable {
    /// The kind, as the wire's schema names it.
    package var message: String
    /// Messages sent.
    package var sentMessages: UInt64
    /// Bytes of their frames.
    package var sentBytes: UInt64
    /// Messages received.
    package var receivedMessages: UInt64
    /// Bytes of their frames.
    package var receivedBytes: UInt64

    /// Creates the value from its parts.
    package init(
        message: String,
        sentMessages: UInt64 = 0,
        sentBytes: UInt64 = 0,
        receivedMessages: UInt64 = 0,
        receivedBytes: UInt64 = 0
    ) {
        self.message = message
        self.sentMessages = sentMessages
        self.sentBytes = sentBytes
        self.receivedMessages = receivedMessages
        self.receivedBytes = receivedBytes
    }
}

/// Answers a status request about the cluster.
package struct ClusterStatus: Equatable, Sendable {
    /// Jobs are pending and get nowhere.
    package struct Stall: Equatable, Sendable {
        /// For how long.
        package var milliseconds: Double
        /// Whose, and who has them; for people.
        package var note: String

        /// Creates the value from its parts.
        package init(milliseconds: Double, note: String) {
            (self.milliseconds, self.note) = (milliseconds, note)
        }
    }

    /// What speculation did under one rule.
    package struct RuleCounts: Equatable, Sendable {
        /// The rule.
        package var rule: RuleSettings.Rule
        /// The ledger of its jobs.
        package var counts: SpeculationCounts

        /// Creates the value from its parts.
        package init(rule: RuleSettings.Rule, counts: SpeculationCounts) {
            (self.rule, self.counts) = (rule, counts)
        }
    }

    /// How many jobs ended in one way.
    package struct EndedJobs: Equatable, Sendable {
        /// The way.
        package var reason: FinishReason
        /// Since start.
        package var jobs: UInt64

        /// Creates the value from its parts.
        package init(reason: FinishReason, jobs: UInt64) {
            (self.reason, self.jobs) = (reason, jobs)
        }
    }

    /// Echoed.
    package var requestID: UInt64
    /// The coordinator's boot id.
    package var boot: UInt64
    /// The coordinator's version.
    package var software: String
    /// Since the coordinator's start.
    package var uptimeMilliseconds: Double
    /// Jobs that wait.
    package var queuedJobs: UInt32
    /// Jobs with rounds running.
    package var runningJobs: UInt32
    /// Jobs ended since start.
    package var finishedJobs: UInt64
    /// Ready drafters.
    package var drafters: UInt32
    /// Ready experts.
    package var experts: UInt32
    /// Messages dropped because their fence was old.
    package var staleMessages: UInt64
    /// What speculation did since start.
    package var counts: SpeculationCounts
    /// What went over the wire, by kind of message; empty where nobody counted.
    package var traffic: [MessageTraffic]
    /// Processor time that the coordinator has used since its start; nil where nobody measured.
    package var cpuMilliseconds: Double?
    /// What does not get on; nil where everything that is pending does, or nothing is.
    package var stall: Stall?
    /// The owners that the client may see; none where there are no keys.
    package var owners: [OwnerStatus]
    /// Times since the start that a sequence gave its place in an expert's cache up for others.
    package var preemptions: UInt64
    /// Jobs that were in flight when the coordinator crashed, and are taken up one at a time.
    package var suspectedJobs: UInt32
    /// Jobs that were set aside and are not forgotten yet.
    package var setAsideJobs: UInt32
    /// The rule of jobs that name none; nil where the coordinator does not say.
    package var defaultRule: RuleSettings?
    /// What speculation did by rule, for the rules that were used.
    package var rules: [RuleCounts]
    /// Tokens of the prompts that were given room since start.
    package var promptTokens: UInt64
    /// Jobs that ended since start, by the way they did.
    package var endedJobs: [EndedJobs]

    /// Creates the value from its parts.
    package init(
        requestID: UInt64,
        boot: UInt64,
        software: String,
        uptimeMilliseconds: Double,
        queuedJobs: UInt32,
        runningJobs: UInt32,
        finishedJobs: UInt64,
        drafters: UInt32,
        experts: UInt32,
        staleMessages: UInt64,
        counts: SpeculationCounts,
        traffic: [MessageTraffic] = [],
        cpuMilliseconds: Double? = nil,
        stall: Stall? = nil,
        owners: [OwnerStatus] = [],
        preemptions: UInt64 = 0,
        suspectedJobs: UInt32 = 0,
        setAsideJobs: UInt32 = 0,
        defaultRule: RuleSettings? = nil,
        rules: [RuleCounts] = [],
        promptTokens: UInt64 = 0,
        endedJobs: [EndedJobs] = []
    ) {
        self.requestID = requestID
        self.boot = boot
        self.software = software
        self.uptimeMilliseconds = uptimeMilliseconds
        self.queuedJobs = queuedJobs
        self.runningJobs = runningJobs
        self.finishedJobs = finishedJobs
        self.drafters = drafters
        self.experts = experts
        self.staleMessages = staleMessages
        self.counts = counts
        self.traffic = traffic
        self.cpuMilliseconds = cpuMilliseconds
        self.stall = stall
        self.owners = owners
        self.preemptions = preemptions
        self.suspectedJobs = suspectedJobs
        self.setAsideJobs = setAsideJobs
        self.defaultRule = defaultRule
        self.rules = rules
        self.promptTokens = promptTokens
        self.endedJobs = endedJobs
    }
}
