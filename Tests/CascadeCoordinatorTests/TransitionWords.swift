import CascadeCore

@testable import CascadeCoordinator

/// The states of a job, as `Transitions.md` calls them.
enum JobWord: String, CaseIterable {
    case unknown, awaitingVocabulary, tokenizing, awaitingRoom, idle, drafting, drafted, verifying, ended

    /// Where a job stands. A stage or phase that this does not know fails to compile: it needs its rows first.
    init(of id: JobID, in machine: CoordinatorStateMachine) {
        guard let job = machine.jobs[id] else {
            self = machine.finished[id] == nil ? .unknown : .ended
            return
        }
        switch (job.stage, job.sequence?.phase) {
        case (.awaitingVocabulary, _): self = .awaitingVocabulary
        case (.tokenizing, _): self = .tokenizing
        case (.awaitingRoom, _): self = .awaitingRoom
        case (.running, .idle), (.running, nil): self = .idle
        case (.running, .drafting): self = .drafting
        case (.running, .drafted): self = .drafted
        case (.running, .verifying): self = .verifying
        }
    }
}

/// The states of a node.
enum NodeWord: String, CaseIterable {
    case unknown, loading, ready, draining

    init(of name: String, in machine: CoordinatorStateMachine) {
        guard let handle = machine.nodes.handle(named: name), let node = machine.nodes[handle] else {
            self = .unknown
            return
        }
        switch node.state {
        case .loading: self = .loading
        case .ready: self = .ready
        case .draining: self = .draining
        }
    }
}

/// What may happen to a job.
enum JobEvent: String, CaseIterable {
    case submitted = "the client submits it"
    case watched = "the client watches it"
    case cancelled = "a client cancels it"
    case severalCancelled = "a client cancels several jobs"
    case allCancelled = "a client cancels all jobs"
    case strangerWatches = "another owner watches it"
    case strangerCancels = "another owner cancels it"
    case strangerCancelsAll = "another owner cancels all jobs"
    case strangerAsks = "another owner asks for its status"
    case statusAsked = "a client asks for its status"
    case jobsAsked = "a client asks for jobs"
    case nodesAsked = "a client asks for nodes"
    case clientLost = "the client is lost"
    case clientFull = "the client does not read"

    case vocabularyKnown = "the vocabulary becomes known"
    case vocabularyUseless = "the tokenizer is of no use"
    case tokenized = "its tokens are there"
    case promptUseless = "its prompt is of no use"

    case draftArrives = "a draft arrives"
    case draftBreaksRule = "a draft breaks a rule"
    case drafterMisses = "the drafter lacks tokens"
    case drafterFails = "the drafter fails"
    case drafterSlow = "the drafter shows no progress"
    case drafterLost = "the drafter is lost"
    case drafterLeaves = "the drafter says goodbye"
    case drafterDrains = "the drafter drains"
    case drafterJoins = "another drafter becomes ready"

    case verdictArrives = "a verdict arrives"
    case verdictBreaksRule = "a verdict breaks a rule"
    case expertMisses = "the expert lacks tokens"
    case expertFails = "the expert fails"
    case expertLate = "the expert is late"
    case expertSlow = "the expert shows no progress"
    case expertLost = "the expert is lost"
    case expertLeaves = "the expert says goodbye"
    case expertDrains = "the expert drains"
    case expertGrows = "the expert has more credits"
    case expertJoins = "another expert becomes ready"

    case otherEnds = "another job ends"
    case recordsOnDisk = "its records are on disk"
    case strayMessage = "a message comes that is not for coordinators"
    case keyRevoked = "its key is revoked"
    case deadlinePasses = "its deadline passes"
    case jobsEnd = "all jobs shall end"
    case shutdown = "the coordinator shuts down"
}

/// On what it depends where a job goes.
enum JobCondition: String, CaseIterable {
    case fromBeginning = "from its beginning"
    case fromBehindEnd = "from behind its end"
    case sound = "it is sound"
    case soundWithoutVocabulary = "it is sound, no vocabulary is known"
    case breaksRule = "it breaks a rule"
    case room = "an expert has room"
    case noExpertReady = "no expert is ready"
    case crowded = "as many run as may"
    case credit = "the expert has a credit"
    case noCredit = "the expert has no credit"
    case noOtherDrafter = "no other drafter is ready"
    case otherDrafter = "another drafter is ready"
    case noOtherExpert = "no other expert is ready"
    case otherExpert = "another expert is ready"
    case fourTimes = "up to four times"
    case fifthTime = "for the fifth time"
    case goesOn = "the answer goes on"
    case ends = "the answer ends"
    case journal = "with a journal"
    case noJournal = "without a journal"

    /// Conditions of which one always holds: who names one for a state and an event names exactly all of these.
    static let alternatives: [Set<JobCondition>] = [
        [.fromBeginning, .fromBehindEnd], [.sound, .soundWithoutVocabulary, .breaksRule], [.room, .noExpertReady],
        [.noExpertReady, .crowded], [.credit, .noCredit], [.noOtherDrafter, .otherDrafter],
        [.noOtherExpert, .otherExpert], [.fourTimes, .fifthTime], [.goesOn, .ends], [.journal, .noJournal],
    ]

    /// Whether it says that the coordinator keeps a journal, or keeps none; nil where it does not matter.
    var keepsJournal: Bool? {
        switch self {
        case .journal: true
        case .noJournal: false
        default: nil
        }
    }
}

/// What may happen to a node.
enum NodeEvent: String, CaseIterable {
    case hello = "it says hello"
    case nonsense = "its hello makes no sense"
    case successor = "another process of its name says hello"
    case ready = "it is ready"
    case noCredits = "it is ready, with no credits"
    case readyElsewhere = "it is ready for another coordinator"
    case drained = "an operator drains it"
    case pong = "it answers a heartbeat"
    case pongElsewhere = "it answers another coordinator's heartbeat"
    case chunk = "it sends a part of its tokenizer"
    case staleDraft = "it sends a draft that nobody waits for"
    case staleVerdict = "it sends a verdict that nobody waits for"
    case staleMissing = "it lacks tokens for what nobody waits for"
    case staleFailure = "it fails at what nobody waits for"
    case goodbye = "it says goodbye"
    case lost = "no route leads to it"
    case silent = "it is silent for four heartbeats"
    case heartbeat = "a heartbeat is due"
}

/// On what it depends where a node goes.
enum NodeCondition: String, CaseIterable {
    case heard = "the first was heard just now"
    case unheard = "the first has been silent"
    case notFourth = "not the fourth"
    case fourth = "each fourth"

    /// As those of jobs.
    static let alternatives: [Set<NodeCondition>] = [[.heard, .unheard], [.notFourth, .fourth]]
}

/// Who sends and gets messages; the peers of a scene have these names.
enum PeerWord: String, CaseIterable {
    case client, drafter, expert, node, newcomer
    case administrator = "operator"
    case otherDrafter = "other drafter"
    case otherExpert = "other expert"
    /// Who has none of these names: no row may expect that.
    case stranger = "nobody in particular"

    var peer: PeerID { PeerID(Array(rawValue.utf8)) }
}

/// What the coordinator has its driver do, beside sending and writing down.
enum DriverWord: String, CaseIterable {
    case tokenize, exit
    case collectTokenizer = "collect tokenizer"
    case forgetPool = "forget pool"
    case forgetTokenizer = "forget tokenizer"
    case warning = "log warning"
    case info = "log info"
}

/// A record's kind.
enum RecordWord: String, CaseIterable {
    case accepted, takenUp, putDown, committed, expertDeaths, finished, forgotten

    init(_ record: JournalRecord) {
        switch record.entry {
        case .accepted: self = .accepted
        case .takenUp: self = .takenUp
        case .putDown: self = .putDown
        case .committed: self = .committed
        case .expertDeaths: self = .expertDeaths
        case .finished: self = .finished
        case .forgotten: self = .forgotten
        }
    }
}
