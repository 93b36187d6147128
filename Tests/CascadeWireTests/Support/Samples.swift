import CascadeCore

@testable import CascadeWire

/// One message of each kind with every field set: what the golden files hold. Never changed; a new field gets a new
/// sample beside them.
enum Samples {
    static func message(_ kind: MessageKind) -> Message {
        switch kind {
        case .hello: .hello(hello)
        case .welcome: .welcome(Welcome(boot: boot, heartbeatMilliseconds: 1000, wantsTokenizer: true))
        case .refused:
            .refused(
                Refused(code: .overloaded, message: "queue full, wait", requestID: 7, retryAfterMilliseconds: 250)
            )
        case .tokenizerChunk:
            .tokenizerChunk(TokenizerChunk(vocabularyHash: hash, totalBytes: 100, offset: 64, bytes: Array(0..<36)))
        case .ready: .ready(Ready(boot: boot, costs: costs, credits: 8))
        case .ping: .ping(Ping(boot: boot, number: 300))
        case .pong: .pong(Pong(boot: boot, number: 300, progress: progress))
        case .drain: .drain(Drain(boot: boot))
        case .goodbye: .goodbye(Goodbye(reason: "signal 15"))
        case .draft:
            .draft(Draft(fence: fence, specID: 42, spec: spec, prefix: prefix, count: 4, minimumConfidence: 0.25))
        case .drafted: .drafted(Drafted(fence: fence, positions: positions, milliseconds: 12.5, passes: 2, rows: 9))
        case .verify: .verify(Verify(fence: fence, specID: 42, spec: spec, prefix: prefix, draft: positions))
        case .verified:
            .verified(Verified(fence: fence, evidence: evidence, bonus: 11, milliseconds: 80.25, passes: 1, rows: 3))
        case .missing: .missing(Missing(fence: fence, length: 128, needsSpec: true))
        case .failed: .failed(Failed(fence: fence, code: .nodeFailed, message: "cache full"))
        case .release: .release(Release(boot: boot, sequence: fence.sequence, specID: 42))
        case .submit: .submit(submit)
        case .accepted: .accepted(Accepted(requestID: 7, job: job, seed: 99, draftLength: .fixed(4)))
        case .watch: .watch(Watch(requestID: 7, job: job, tokenOffset: 5, byteOffset: 21))
        case .cancel: .cancel(Cancel(requestID: 7, job: job))
        case .delta:
            .delta(
                Delta(
                    job: job,
                    state: .running,
                    note: "—",
                    tokenOffset: 5,
                    byteOffset: 21,
                    tokens: [9707, 11, 1879],
                    origins: [.matched, .kept, .expert],
                    text: Array("Hello, wörld".utf8) + [0, 0xe2]
                )
            )
        case .finished: .finished(Finished(requestID: 7, report: report))
        case .statusRequest: .statusRequest(StatusRequest(requestID: 7, job: job))
        case .jobsRequest: .jobsRequest(JobsRequest(requestID: 7, limit: 20))
        case .nodesRequest: .nodesRequest(NodesRequest(requestID: 7))
        case .jobList: .jobList(JobList(requestID: 7, jobs: [jobSummary]))
        case .nodeList: .nodeList(NodeList(requestID: 7, nodes: [nodeSummary]))
        case .clusterStatus: .clusterStatus(clusterStatus)
        case .drainNode: .drainNode(DrainNode(requestID: 7, name: "expert-höst-1"))
        case .cancelJobs: .cancelJobs(CancelJobs(requestID: 7, selection: .jobs([job, JobID(rawValue: 9)])))
        case .jobsCancelled:
            .jobsCancelled(
                JobsCancelled(
                    requestID: 7,
                    cancelled: [job],
                    ended: [JobID(rawValue: 9), JobID(rawValue: 10)],
                    unknown: [JobID(rawValue: 11)],
                    remaining: 300
                )
            )
        }
    }

    static let boot: UInt64 = 0x0123_4567_89ab_cdef
    static let job = JobID(rawValue: 0xfeed_0000_0000_beef)
    static let hash = Hash128(high: 0x1111_2222_3333_4444, low: 0x5555_6666_7777_8888)
    static let identity = NodeIdentity(name: "expert-höst-1", incarnation: 0xabcd)
    static let costs = [CostPoint(rows: 1, milliseconds: 27.5), CostPoint(rows: 8, milliseconds: 41.125)]
    static let progress = Progress(
        passes: 1000,
        pending: 2,
        kvTokensUsed: 777,
        busyMilliseconds: 123_456,
        prefixCacheHitTokens: 640,
        uptimeMilliseconds: 200_000,
        cpuMilliseconds: 250_000,
        stuckMilliseconds: 6_000
    )
    static let fence = Fence(boot: boot, incarnation: 0xabcd, sequence: SequenceID(job: job, sample: 1), round: 300)
    static let prefix = Prefix(baseLength: 130, hash: hash, tail: [1, 128, 151_643])
    static let sampling = SamplingSettings(temperature: 0.7, topK: 40, topP: 0.95, minP: 0.05)
    static let rule = RuleSettings(rule: .tokenV3, alpha: 0.3, gate: .raw, bonus: .rule, strictPrefixTokens: 2)
    static let spec = SequenceSpec(
        id: 42,
        seed: 99,
        sample: 1,
        sampling: sampling,
        rule: rule,
        guardTokens: [151_643, 151_645],
        promptLength: 100,
        draftSupport: 64
    )

    /// A row of three entries, and one that is one-hot.
    static var positions: [DraftedPosition] {
        guard let row = Distribution(tokens: [3, 700, 151_000], weights: [0.125, 0.5, 0.3]) else { return [] }
        return [
            DraftedPosition(token: 700, row: row, gate: DraftGate(maximum: 0.54)),
            DraftedPosition(token: 13, row: Distribution(oneHot: 13), gate: DraftGate(maximum: 1)),
        ]
    }

    static let evidence = [
        Evidence(
            probability: 0.4,
            gateProbability: 0.375,
            gateMaximum: 0.5,
            gateArgmax: 3,
            entropy: 1.5,
            keptMass: 0.54,
            ratio: 0.75,
            rejectMass: 0.1,
            residual: 3
        ),
        Evidence(
            probability: 1,
            gateProbability: 0.99,
            gateMaximum: 0.99,
            gateArgmax: 13,
            entropy: 0.01,
            keptMass: 1,
            ratio: 1,
            rejectMass: 0,
            residual: 200_000
        ),
    ]

    static let hello = Hello(
        identity: identity,
        role: .expert,
        pool: "default",
        software: "cascade 1.0 (abcdef0)",
        modelName: "tiny-llama Q8_0",
        modelFingerprint: hash,
        vocabularyHash: Hash128(high: 1, low: 2),
        vocabularyCount: 151_936,
        numericsID: "engine-1",
        contextLength: 32_768,
        kvTokens: 65_536
    )

    static let submit = Submit(
        requestID: 7,
        submitKey: hash,
        pool: "default",
        prompt: Array("def fib(n):\0".utf8) + [0xff],
        format: .chat,
        system: Array("Be brief.".utf8),
        sampling: sampling,
        rule: rule,
        maxTokens: 512,
        stop: [Array("\n\n".utf8), [0]],
        seed: 99,
        draftLength: .fixed(4),
        drafterKind: .lookup,
        draftMinimumConfidence: 0.2,
        follow: true
    )

    static let counts = SpeculationCounts(
        rounds: 10,
        expertRounds: 10,
        draftedRounds: 9,
        drafted: 36,
        kept: 20,
        matched: 5,
        recovered: 6,
        bonus: 4,
        discarded: 5,
        relaxed: 3,
        cut: 1,
        unruledPositions: 4,
        lookupDrafted: 12,
        lookupAccepted: 9,
        acceptanceHistogram: [1, 2, 0, 3, 3]
    )

    static let report = JobReport(
        job: job,
        reason: .error,
        error: JobError(code: .poisoned, message: "two nodes died"),
        tokens: [9707, 11, 1879],
        text: Array("Hello, wörld".utf8),
        promptTokens: 100,
        sampling: sampling,
        rule: rule,
        seed: 99,
        draftLength: .fixed(4),
        drafterKind: .model,
        draftMinimumConfidence: 0.2,
        counts: counts,
        queueMilliseconds: 1.5,
        firstTokenMilliseconds: 250.5,
        totalMilliseconds: 1000.25,
        isSynthetic: true
    )

    static let jobSummary = JobSummary(
        job: job,
        state: .finished,
        reason: .length,
        note: "done",
        pool: "default",
        promptTokens: 100,
        completionTokens: 512,
        ageMilliseconds: 60_000,
        promptBeginning: "Write a haiku"
    )

    static let nodeSummary = NodeSummary(
        identity: identity,
        role: .drafter,
        pool: "default",
        modelName: "tiny-llama Q8_0",
        state: .draining,
        inFlight: 1,
        credits: 8,
        progress: progress,
        kvTokens: 65_536,
        contextLength: 32_768,
        costs: costs,
        software: "cascade 1.0 (abcdef0)",
        silentMilliseconds: 12.5,
        busyFraction: 0.625,
        cpuFraction: 1.25,
        host: "höst",
        isSynthetic: true,
        rest: NodeSummary.Rest(milliseconds: 9_500, reason: "its replies break a rule")
    )

    static let clusterStatus = ClusterStatus(
        requestID: 7,
        boot: boot,
        software: "cascade 1.0 (abcdef0)",
        uptimeMilliseconds: 3_600_000,
        queuedJobs: 1,
        runningJobs: 2,
        finishedJobs: 300,
        drafters: 1,
        experts: 2,
        staleMessages: 5,
        counts: counts,
        traffic: [
            MessageTraffic(message: "drafted", receivedMessages: 3, receivedBytes: 1234),
            MessageTraffic(message: "verify", sentMessages: 3, sentBytes: 1300),
        ],
        cpuMilliseconds: 125.5,
        stall: ClusterStatus.Stall(milliseconds: 7_500, note: "pool default: 2 jobs pending")
    )
}
