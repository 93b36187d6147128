/// A client asks how a job, or with no job the cluster, is doing.
package struct StatusRequest: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// The job, or nil for the cluster.
    package var job: JobID?

    /// Creates the value from its parts.
    package init(requestID: UInt64, job: JobID? = nil) {
        self.requestID = requestID
        self.job = job
    }
}

/// A client asks for the list of jobs, newest first.
package struct JobsRequest: Equatable, Sendable {
    /// Echoed.
    package var requestID: UInt64
    /// Most jobs to list.
    package var limit: UInt32

    /// Creates the value from its parts.
    package init(requestID: UInt64, limit: UInt32) {
        self.requestID = requestID
        self.limit = limit
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

    /// Creates the value from its parts.
    package init(
        job: JobID,
        state: JobState,
        reason: FinishReason?,
        note: String,
        pool: String,
        promptTokens: UInt32,
        completionTokens: UInt32,
        ageMilliseconds: Double
    ) {
        self.job = job
        self.state = state
        self.reason = reason
        self.note = note
        self.pool = pool
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.ageMilliseconds = ageMilliseconds
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
        silentMilliseconds: Double
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

/// Answers a status request about the cluster.
package struct ClusterStatus: Equatable, Sendable {
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
        counts: SpeculationCounts
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
    }
}
