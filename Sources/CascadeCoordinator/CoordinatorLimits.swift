package import CascadeCore

/// The bound of everything that a peer, a client or time could make grow, and the clock's settings.
package struct CoordinatorLimits: Equatable, Sendable {
    // MARK: Nodes

    /// How often nodes are pinged.
    package var heartbeatMilliseconds: UInt64 = 1000
    /// Heartbeats of silence after which a node is dead.
    package var missedHeartbeats: UInt64 = 4
    /// Most nodes.
    package var nodes = 256
    /// Most pools.
    package var pools = 16
    /// Most requests outstanding at one node, whatever it offers.
    package var credits = 64
    /// Most points of a node's cost curve.
    package var costPoints = 64
    /// Longest name of a node or pool, in bytes.
    package var nameBytes = JobLimits.standard.poolBytes
    /// Largest tokenizer block that is accepted.
    package var tokenizerBytes = 64 << 20
    /// Vocabularies that are kept although no pool has them; those that pools have come on top.
    package var unusedVocabularies = 2
    /// How long after the first node nodes of other pools may take to join, before the jobs of pools that nobody serves
    /// are refused.
    package var poolMilliseconds: UInt64 = 60_000
    /// How long a node may take to ship its tokenizer block before another is asked.
    package var tokenizerMilliseconds: UInt64 = 30_000

    // MARK: Jobs

    /// Most jobs that wait.
    package var queuedJobs = 1024
    /// Most bytes of prompts and settings of all active jobs.
    package var queuedBytes = 64 << 20
    /// Owners that are remembered although they have no jobs.
    package var owners = 4096
    /// Most bytes of a client's submissions whose prompts are no tokens yet.
    package var unreadBytesPerClient = 8 << 20
    /// Most sequences with rounds running.
    package var maxNumSeqs = 64
    /// Tokens that a new sequence leaves free in an expert's cache for each sequence there, itself included, so that
    /// they seldom have to make room for each other; fewer where fewer are left of an answer.
    package var reservedTokensPerSequence = 64
    /// Whether jobs that a client follows get room before others of the same owner and priority.
    package var interactiveFirst = false
    /// What a job may ask for.
    package var job = JobLimits.standard
    /// Most bytes of an answer's text; the answer ends behind the token that reaches it, as at its token limit.
    package var answerBytes = 512 << 10
    /// Most finished jobs whose reports are kept.
    package var finishedJobs = 1024
    /// Most bytes of all kept reports and their prompts; the newest report is kept whatever its size.
    package var finishedBytes = 64 << 20
    /// Cancellations of several jobs whose answers are remembered, should the same request come again.
    package var rememberedCancellations = 32
    /// Most jobs in one answer to a jobs request.
    package var listedJobs = Int(JobsRequest.mostJobs)
    /// What a client is told to wait when queues are full.
    package var retryAfterMilliseconds: UInt32 = 1000

    /// Most records that wait to be written down before rounds and submissions wait for them.
    package var unjournaledRecords = 256
    /// Most bytes of messages that wait with them.
    package var heldBytes = 64 << 20

    // MARK: Streams

    /// Most clients that follow one job.
    package var watchersPerJob = 16
    /// Most clients that follow any job.
    package var watchers = 1024
    /// How long a client may be silent, while there is nothing to send it either, before its watch is forgotten;
    /// clients repeat their watch as a heartbeat.
    package var watchSilenceMilliseconds: UInt64 = 30_000

    // MARK: Rounds

    /// Which rules jobs may ask for, and which one holds where they name none.
    package var rules = RulePolicy()
    /// Tokens drafted per round where a job does not say.
    package var draftLength = DraftLength.adaptive
    /// Tokens drafted in an adaptive round whose nodes have not said what a pass costs.
    package var unmeasuredDraftTokens = 4
    /// Most entries of a drafted row.
    package var draftSupport = 64
    /// How long a drafter may show no progress before the round goes on without it.
    package var draftSilenceMilliseconds: UInt64 = 5_000
    /// How long an expert may show no progress before its request goes to another; doubles per attempt.
    package var verifySilenceMilliseconds: UInt64 = 10_000
    /// How long an expert's request may take at least before another expert is asked beside it.
    package var hedgeMilliseconds: UInt64 = 500
    /// How long a request may take although its node makes progress, prefill not counted.
    package var requestMilliseconds: UInt64 = 120_000
    /// How long pending jobs may get nowhere, at least, before the cluster says that it is not well.
    package var stallMilliseconds = Patience.stallMilliseconds
    /// How long pending jobs may wait for an expert to load, before the same is said.
    package var loadingMilliseconds = Patience.loadingMilliseconds
    /// What a request may take longer for each token that its node may have to prefill.
    package var prefillMillisecondsPerToken: UInt64 = 200
    /// Failures and timeouts of one round's verification after which the job fails.
    package var failuresPerRound = 6
    /// Times a node may answer one request with "missing".
    package var missingPerRequest = 4
    /// Nodes that may die with the same round in flight before the job fails: it may be what kills them.
    package var poisonDeaths = 2
    /// Times that nodes may die with the same round in flight although it was the same one each time, as no other was
    /// there.
    package var deathsPerRound = 3
    /// Crashes of the coordinator with a job in flight, or deaths of experts that worked on it, over its whole life,
    /// after which it is set aside: it may be what causes them.
    package var crashesPerJob = 3
    /// Rounds of a job that was in flight at crashes after which the next such job is taken up beside it.
    package var roundsOnTrial = 32
    /// How long a node or sequence is left alone after a failure; doubles per failure in a row, up to 32 times.
    package var benchMilliseconds: UInt64 = 1_000
    /// How long a node that fails job after job is out of use; doubles each time.
    package var restMilliseconds: UInt64 = 10_000
    /// How long at most.
    package var longestRestMilliseconds: UInt64 = 600_000

    /// Creates the defaults.
    package init() {}

    /// What is wrong with the limits, in words for the user; nil when they are sound.
    package var problem: String? {
        let counts = [
            nodes, pools, credits, costPoints, nameBytes, tokenizerBytes, queuedJobs, queuedBytes, maxNumSeqs,
            job.promptBytes, job.answerTokens, answerBytes, job.stopBytes, unjournaledRecords, heldBytes, finishedJobs,
            finishedBytes, listedJobs, watchersPerJob,
            watchers,
            job.messages, job.textParts, job.toolCalls, job.nameBytes,
            job.draftTokens, draftSupport, job.explainedTokens, failuresPerRound, missingPerRequest, poisonDeaths,
            deathsPerRound, crashesPerJob, roundsOnTrial, unreadBytesPerClient, owners, rememberedCancellations,
        ]
        if counts.contains(where: { $0 < 1 }) { return "every limit must be at least 1" }
        let times = [
            heartbeatMilliseconds, missedHeartbeats, tokenizerMilliseconds, watchSilenceMilliseconds,
            draftSilenceMilliseconds, verifySilenceMilliseconds, requestMilliseconds, benchMilliseconds,
            hedgeMilliseconds, stallMilliseconds, loadingMilliseconds, restMilliseconds, longestRestMilliseconds,
            poolMilliseconds,
        ]
        if times.contains(where: { $0 < 1 || $0 > 86_400_000 }) {
            return "every time limit must be between 1 ms and one day"
        }
        if prefillMillisecondsPerToken > 60_000 { return "prefill time per token must be at most one minute" }
        if case .fixed(let count) = draftLength, Int(count) > job.draftTokens {
            return "draft tokens must be between 0 and \(job.draftTokens), not \(count)"
        }
        if !(0...job.draftTokens).contains(unmeasuredDraftTokens) {
            return "unmeasured draft tokens must be between 0 and \(job.draftTokens), not \(unmeasuredDraftTokens)"
        }
        if let problem = rules.problem { return problem }
        if job.stopStrings < 0 { return "stop strings must not be negative" }
        if watchSilenceMilliseconds < 2 * heartbeatMilliseconds {
            return "clients must be given at least two heartbeats before they are dropped"
        }
        if reservedTokensPerSequence < 0 { return "the reserve of a sequence must not be negative" }
        if unusedVocabularies < 0 { return "unused vocabularies must not be negative" }
        if min(queuedBytes, unreadBytesPerClient) < job.promptBytes {
            return "the queue must hold at least one prompt of the largest size"
        }
        return nil
    }
}
