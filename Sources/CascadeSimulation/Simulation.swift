import CascadeCoordinator
import CascadeCore
import CascadeWire

/// One run: a cluster in one thread, with a clock of its own, where everything that happens follows from the seed.
struct Simulation {
    /// What is to happen.
    /// Boxed: the queue moves its entries about.
    indirect enum Happening: Sendable {
        /// Frames of a peer reach the coordinator.
        case toCoordinator([[UInt8]], from: PeerID)
        /// Frames of the coordinator reach a peer.
        case toPeer([[UInt8]], PeerID)
        /// The coordinator's driver has something to say, if that coordinator still runs.
        case driver(CoordinatorStateMachine.Event, boot: UInt64)
        case coordinatorTick
        case coordinatorStart
        case coordinatorResume
        /// What the coordinator's driver has written is on disk.
        case diskSynced(boot: UInt64)
        case nodeTick(Int)
        case nodeStart(Int)
        case nodeResume(Int)
        case nodeLoaded(Int, incarnation: UInt64)
        case nodeDone(Int, incarnation: UInt64)
        case clientTick(Int)
        case fault
        case contention
        case heal
        case monitor
    }

    let options: SimulationOptions
    let seed: UInt64
    var random: SplitMix64
    let language: ToyLanguage
    let limits: CoordinatorLimits
    /// Whether this run has no faults at all.
    let isCalm: Bool
    /// Whether the coordinators keep a journal.
    let keepsJournal: Bool
    /// Whether ten times more jobs come than may run.
    let isCrowded: Bool
    /// Whether caches hold little more than one sequence at its longest.
    let isTight: Bool
    /// Whether owners contend for the cluster.
    let isContested: Bool
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var queue = EventQueue<Happening>()
    var steps = 0
    var failure: String?
    var report = SimulationReport()

    // The network.
    var dropped: Double
    var duplicated: Double
    var delayed: Double
    var garbled: Double

    // The coordinator and its driver.
    var coordinator: CoordinatorStateMachine?
    /// What is around it.
    var tampering: (any CoordinatorTampering)?
    var coordinatorPausedUntil = Instant(nanoseconds: 0)
    /// What arrived while it stood still.
    var stalled: [CoordinatorStateMachine.Event] = []
    var scheduledTick: Instant?
    var starts = 0
    var disk = SimulatedDisk()
    /// Whether it dies as soon as there is something that is not on disk.
    var isDoomed = false
    /// Until when its disk takes seconds.
    var diskSlowUntil = Instant(nanoseconds: 0)
    /// Parts of a tokenizer block, by offset.
    var assembly: [UInt32: [UInt8]] = [:]

    var nodes: [SimulatedNode] = []
    var clients: [SimulatedClient] = []
    var crowds: [SimulatedCrowd] = []
    var keys = SimulatedKeys([])
    var strangers = 0
    var healsAt: Instant
    var isHealed = false
    /// When the last client was done.
    var doneAt: Instant?
    /// When everything else had come to rest as well.
    var settledAt: Instant?

    // What the checks remember; look-up only.
    var verdicts: Set<SimulatedNode.Verdict> = []
    var ended: [PeerID: Set<JobID>] = [:]
    /// Who has asked for a job while something about jobs waited for the disk.
    var askedAgain: Set<PeerID> = []
    /// What each client was sent of the answers that it follows.
    var streams = SentStreams()
    /// Jobs of which records could not be read.
    var damagedJobs: Set<JobID> = []
    /// Which coordinator accepted a job.
    var boots: [JobID: UInt64] = [:]
    /// Ledgers of jobs that ended at a coordinator, for its totals.
    var endedCounts = SpeculationCounts()
    var countedJobs: Set<JobID> = []
    /// The job that kills, where there is one.
    var poison: Poison?
    /// Crashes of the coordinator, those that a job caused too.
    var crashes = 0
    /// Jobs that were set aside, and how many of them because of crashes of the coordinator.
    var setAsideJobs: Set<JobID> = []
    var crashVictims = 0
    /// Whose each job is that was accepted.
    var owners: [JobID: String] = [:]
    /// What owners are given by the present coordinator.
    var shares = ShareAccount()
    /// The deadline of each job that has one, and when its client was first told of the job.
    var deadlines: [JobID: (milliseconds: UInt32, since: Instant)] = [:]
    /// When the coordinator that runs was started.
    var startedAt = Instant(nanoseconds: 0)

    init(_ options: SimulationOptions, seed: UInt64) {
        self.options = options
        self.seed = seed
        var random = SplitMix64(seed: seed)
        let isCalm = random.chance(0.1)
        let isLossy = isCalm ? false : random.chance(0.7)
        let loss = isLossy ? 1.0 : 0.0
        self.isCalm = isCalm
        keepsJournal = random.chance(0.6)
        isCrowded = random.chance(0.03)
        isContested = !isCalm && !isCrowded && Self.isContested(seed: seed)
        language = ToyLanguage(
            seed: random.next(),
            agreement: random.pick(0.2...0.95),
            repetition: random.chance(0.5) ? random.pick(0.5...0.98) : 0
        )
        // Histories of seeds from before deadlines stay as they were apart from these.
        var other = SplitMix64(seed: ~seed)
        var limits = Self.limits(&random)
        limits.interactiveFirst = other.chance(0.5)
        if isCrowded { (limits.maxNumSeqs, limits.queuedJobs) = (2, 3) }
        isTight = random.chance(isCalm ? 0.6 : 0.3)
        if isTight { (limits.maxNumSeqs, limits.reservedTokensPerSequence) = (6, random.pick([0, 2])) }
        self.limits = limits
        dropped = loss * random.pick(0...0.06)
        duplicated = loss * random.pick(0...0.06)
        delayed = loss * random.pick(0...0.1)
        garbled = loss * random.pick(0...0.02)
        healsAt = now.advanced(milliseconds: isCalm ? 10 : UInt64(options.faultSeconds * 1000))
        self.random = random
        makeNodes()
        makeClients()
        giveDeadlines(&other)
        givePenalties()
        giveConstraints()
        askForLogprobs()
        chooseTraitor()
        makeOwners()
        choosePoison()
        queue.insert(.coordinatorStart, at: now)
        queue.insert(.heal, at: healsAt)
        queue.insert(.monitor, at: later(900))
        if !isCalm { queue.insert(.fault, at: later(400)) }
    }

    /// Small bounds and short times, so that a run of seconds meets all of them.
    private static func limits(_ random: inout SplitMix64) -> CoordinatorLimits {
        var limits = CoordinatorLimits()
        limits.heartbeatMilliseconds = 250
        limits.draftSilenceMilliseconds = 300
        limits.verifySilenceMilliseconds = 600
        limits.hedgeMilliseconds = random.chance(0.5) ? 500 : 150
        limits.requestMilliseconds = 3000
        limits.prefillMillisecondsPerToken = 10
        limits.benchMilliseconds = 100
        limits.roundsOnTrial = 2
        limits.restMilliseconds = 1_000
        limits.longestRestMilliseconds = 8_000
        limits.tokenizerMilliseconds = 1500
        limits.watchSilenceMilliseconds = 1500
        limits.retryAfterMilliseconds = 200
        limits.draftLength = random.chance(0.5) ? .adaptive : .fixed(UInt32(random.pick(1...6)))
        limits.maxNumSeqs = random.pick(1...6)
        limits.reservedTokensPerSequence = random.pick([0, 2, 64])
        limits.queuedJobs = random.chance(0.2) ? 2 : 100
        limits.finishedJobs = random.chance(0.2) ? 3 : 100
        limits.unjournaledRecords = random.chance(0.3) ? 3 : 256
        limits.heldBytes = random.chance(0.1) ? 2_000 : 1 << 20
        return limits
    }

    private mutating func makeNodes() {
        let experts = random.pick(1...3)
        let drafters = random.pick([0, 1, 1, 2, 2])
        for index in 0..<(experts + drafters) {
            let role: NodeRole = index < experts ? .expert : .drafter
            // Whole pages, as its model counts tokens.
            let kvTokens = isTight ? 8 * random.pick(13...15) : random.pick([144, 200, 400])
            let traits = SimulatedNode.Traits(
                name: "\(role.rawValue)-\(index)",
                role: role,
                contextLength: role == .expert ? 100 : UInt32(random.pick([30, 100])),
                kvTokens: UInt32(kvTokens),
                pageTokens: UInt32(random.pick([1, 1, 8])),
                credits: UInt32(random.pick(1...4)),
                costs: Self.costs(role, &random),
                language: language,
                maxBatchedTokens: random.pick([16, 64]),
                seams: options.seams.worker
            )
            nodes.append(
                SimulatedNode(
                    traits,
                    link: SimulatedLink(address: SimulatedAddress(.node, index, connection: 1)),
                    now: now
                )
            )
            queue.insert(.nodeTick(index), at: later(50))
            queue.insert(.nodeStart(index), at: later(50))
        }
    }

    /// What a node says that its passes cost; now and then drafting does not pay by it, or nothing is known.
    private static func costs(_ role: NodeRole, _ random: inout SplitMix64) -> [CostPoint] {
        if random.chance(0.1) { return [] }
        let first = role == .expert ? random.pick(10.0...30.0) : random.pick(1.0...8.0)
        let slope = random.pick(0.01...0.6)
        return [1, 2, 4, 5, 8, 16].map {
            CostPoint(rows: $0, milliseconds: first * (1 + slope * Double($0 - 1)) * random.pick(0.9...1.2))
        }
    }

    private mutating func makeClients() {
        if isCrowded { report.coverage.count(.overload) }
        for index in 0..<(isCrowded ? 20 : random.pick(2...7)) {
            let isBad = !isCalm && random.chance(0.05)
            clients.append(
                SimulatedClient(
                    link: SimulatedLink(address: SimulatedAddress(.client, index, connection: 1)),
                    submit: makeSubmit(index, isBad: isBad),
                    cancelsAt: random.chance(0.1) && !isCalm ? random.pick(0...12) : nil,
                    isBad: isBad
                )
            )
            queue.insert(.clientTick(index), at: later(4000))
        }
    }

    /// Some jobs have deadlines, of which some cannot be met.
    private mutating func giveDeadlines(_ random: inout SplitMix64) {
        for index in clients.indices where random.chance(isCrowded ? 0.5 : 0.2) {
            clients[index].setDeadline(milliseconds: random.pick([50, 300, 1_000, 3_000, 8_000, 60_000]))
        }
    }

    /// Some jobs ask for log probabilities. Draws of its own: all others stay what they were.
    private mutating func askForLogprobs() {
        var random = SplitMix64(seed: seed ^ 0x1061_0650)
        for index in clients.indices where random.chance(0.25) {
            clients[index].setLogprobs(UInt32(random.pick([0, 1, 5, 20])))
        }
    }

    private mutating func makeSubmit(_ index: Int, isBad: Bool) -> Submit {
        var submit = anySubmit(index, isBad: isBad)
        // What G3 asks for (decisions.md 7) comes together too rarely by chance.
        if random.chance(0.1) {
            let rules = RuleSettings.Rule.allCases.filter { !$0.isSequential && !$0.needsCoin && $0 != .lossless }
            submit.rule = RuleSettings(rule: random.pick(rules), bonus: .rule, verifyMethod: .coupled)
            submit.drafterKind = .model
            submit.draftLength = .fixed(UInt32(random.pick(1...6)))
        }
        return submit
    }

    private var answerLengths: [Int] {
        if isCrowded { return [1, 5] }
        return isTight ? [20, 60, 90] : [1, 5, 20, 40, 90]
    }

    private mutating func anySubmit(_ index: Int, isBad: Bool) -> Submit {
        let isGreedy = random.chance(0.7)
        let kind = random.pick([DrafterKind.model, .lookup, .both, .both])
        let rule: RuleSettings.Rule =
            random.chance(0.6)
            ? .lossless
            : random.pick(
                RuleSettings.Rule.allCases.filter {
                    !(isGreedy && $0.needsCoin) && !(kind == .lookup && $0.isSequential)
                }
            )
        let draftLength: DraftLength? =
            random.chance(0.4) ? random.pick([.adaptive, .fixed(UInt32(random.pick(0...8)))]) : nil
        let phrase = (0..<random.pick(3...6)).map { _ in UInt8(random.pick(32...126)) }
        let isRepetitive = random.chance(0.3)
        let stops: [[UInt8]] = ["#", "##", "ab#", "abc", "xyzx", "é€", "qq"].map { Array($0.utf8) }
        return Submit(
            requestID: UInt64(index + 1),
            submitKey: Hash128(high: seed, low: UInt64(index)),
            pool: "default",
            prompt: (0..<random.pick(1...30)).map { index in
                isRepetitive ? phrase[index % phrase.count] : UInt8(random.pick(32...126))
            },
            format: .raw,
            sampling: SamplingSettings(temperature: isGreedy ? 0 : 1),
            rule: RuleSettings(
                rule: rule,
                bonus: random.chance(0.3) ? .rule : .target,
                verifyMethod: random.chance(0.5) ? .rejection : random.pick([.block, .coupled]),
                strictPrefixTokens: random.chance(0.2) ? 3 : 0,
                explains: random.chance(0.2)
            ),
            maxTokens: isBad ? 0 : UInt32(random.pick(answerLengths)),
            stop: random.chance(0.3) ? [random.pick(stops), random.pick(stops)] : [],
            seed: random.chance(0.8) ? random.next() : nil,
            draftLength: draftLength,
            drafterKind: kind,
            draftMinimumConfidence: random.chance(0.2) ? 0.2 : 0,
            // Two that look for their results later could push each other's out for ever where few are kept.
            follow: random.chance(0.9) || limits.finishedJobs < 20
        )
    }

    // MARK: Running

    /// Runs to the end or to the first failure.
    mutating func run() {
        while failure == nil, let (time, happening) = queue.removeFirst() {
            now = time
            steps += 1
            happen(happening)
            if let doneAt, now > doneAt.advanced(milliseconds: 2000) { checkRest() }
            if let settledAt, now > settledAt.advanced(milliseconds: 1000) {
                checkEnd()
                break
            }
            if now > healsAt.advanced(milliseconds: UInt64(options.livenessSeconds * 1000)) { failLiveness() }
            if steps > 5_000_000 { fail("the run does not end") }
        }
        if let transitions = coordinator?.transitions { report.coverage.transitions.add(transitions) }
        report.steps = steps
        report.slowestRecoverySeconds = (doneAt ?? healsAt).milliseconds(since: healsAt) / 1000
        report.virtualSeconds = now.milliseconds(since: Instant(nanoseconds: 1_000_000_000_000)) / 1000
        report.seeds = 1
        if let failure { report.failures = [SimulationFailure(seed: seed, step: steps, problem: failure)] }
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .toCoordinator(let frames, let peer): arriveAtCoordinator(frames, from: peer)
        case .toPeer(let frames, let peer): arriveAtPeer(frames, peer)
        case .driver(let event, let boot):
            if coordinator?.boot == boot { feedCoordinator(event) }
        case .coordinatorTick: tickCoordinator()
        case .coordinatorStart: startCoordinator()
        case .coordinatorResume: resumeCoordinator()
        case .diskSynced(let boot): noteSynced(boot)
        case .nodeTick(let index): tickNode(index)
        case .nodeStart(let index): startNode(index)
        case .nodeResume(let index): resumeNode(index)
        case .nodeLoaded(let index, let incarnation): nodeIsLoaded(index, incarnation)
        case .nodeDone(let index, let incarnation): finishPass(index, incarnation)
        case .clientTick(let index): tickClient(index)
        case .fault: injectFault()
        case .contention: contend()
        case .heal: heal()
        case .monitor: monitor()
        }
    }

    // MARK: Helpers

    /// A random instant within the next milliseconds.
    mutating func later(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: now.nanoseconds + 1 + random.next() % (UInt64(milliseconds) * 1_000_000))
    }

    mutating func fail(_ text: String) {
        guard failure == nil else { return }
        failure = text
        trace("FAILED \(text)")
    }

    func trace(_ text: @autoclosure () -> String) {
        guard let trace = options.trace else { return }
        let milliseconds = now.milliseconds(since: Instant(nanoseconds: 1_000_000_000_000))
        trace("\(seed) \(steps) \(milliseconds) ms: \(text())")
    }
}
