import CascadeCore

@testable import CascadeCoordinator

/// A kind of message by its name in `envelope.proto`.
struct MessageWord: Hashable, RawRepresentable {
    let kind: MessageKind

    /// What nodes and clients send to a coordinator.
    static let received: [MessageKind] = [
        .hello, .ready, .pong, .tokenizerChunk, .drafted, .verified, .missing, .failed, .goodbye, .submit, .watch,
        .cancel, .cancelJobs, .statusRequest, .jobsRequest, .nodesRequest, .drainNode,
    ]

    init(_ kind: MessageKind) { self.kind = kind }

    init?(rawValue: String) {
        guard let kind = MessageKind.allCases.first(where: { MessageWord($0).rawValue == rawValue }) else { return nil }
        self.kind = kind
    }

    var rawValue: String {
        kind.name.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
    }
}

/// What an event comes as: the kind of a message, or what the driver says.
enum Stimulus: Hashable, RawRepresentable {
    case message(MessageKind)
    case driver(DriverEvent)

    /// Those of the coordinator's events that are no message.
    enum DriverEvent: String, CaseIterable {
        case peerLost, peerFull, tokenized, vocabulary, vocabularyFailed, restored, keysKnown, journaled, tick, endJobs
        case shutdown
    }

    init?(rawValue: String) {
        if let word = MessageWord(rawValue: rawValue) {
            self = .message(word.kind)
        } else if let event = DriverEvent(rawValue: rawValue) {
            self = .driver(event)
        } else {
            return nil
        }
    }

    init(_ event: CoordinatorStateMachine.Event) {
        switch event {
        case .message(let message, from: _, by: _): self = .message(MessageKind(message))
        case .peerLost: self = .driver(.peerLost)
        case .peerFull: self = .driver(.peerFull)
        case .tokenized: self = .driver(.tokenized)
        case .vocabulary: self = .driver(.vocabulary)
        case .vocabularyFailed: self = .driver(.vocabularyFailed)
        case .restored: self = .driver(.restored)
        case .keysKnown: self = .driver(.keysKnown)
        case .journaled: self = .driver(.journaled)
        case .tick: self = .driver(.tick)
        case .endJobs: self = .driver(.endJobs)
        case .shutdown: self = .driver(.shutdown)
        }
    }

    var rawValue: String {
        switch self {
        case .message(let kind): MessageWord(kind).rawValue
        case .driver(let event): event.rawValue
        }
    }
}

/// One thing that the coordinator does about an event.
enum Step: Equatable, CustomStringConvertible {
    case send(MessageKind, to: PeerWord)
    case drive(DriverWord)
    case record(RecordWord)

    /// - Parameter text: a kind between backticks and its peer, or words for the driver.
    init(_ text: String, of row: MarkdownTable.Row) throws {
        guard text.hasPrefix("`") else {
            self = .drive(try row.word(text))
            return
        }
        let parts = text.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[1] == "to" else {
            throw MarkdownTable.Problem(description: "'\(text)' is no message to anybody: \(row.text)")
        }
        self = .send(try row.code(parts[0], as: MessageWord.self).kind, to: try row.word(parts[2]))
    }

    /// - Returns: nil where the action is about another job than `job`.
    init?(_ action: CoordinatorStateMachine.Action, about job: JobID?) {
        switch action {
        case .send(let message, let peer):
            if let job, let other = message.job, other != job { return nil }
            let receiver = PeerWord.allCases.first { $0.peer == peer } ?? .stranger
            self = .send(MessageKind(message), to: receiver)
        case .journal(let record):
            if let job, record.job != job { return nil }
            self = .record(RecordWord(record))
        case .tokenize(let prompt):
            if let job, prompt.job != job { return nil }
            self = .drive(.tokenize)
        case .collectTokenizer: self = .drive(.collectTokenizer)
        case .forgetPool: self = .drive(.forgetPool)
        case .forgetTokenizer: self = .drive(.forgetTokenizer)
        case .log(let level, _, _): self = .drive(level == .warning || level == .error ? .warning : .info)
        case .exit: self = .drive(.exit)
        }
    }

    var description: String {
        switch self {
        case .send(let kind, let peer): "`\(kind.rawValue)` to \(peer.rawValue)"
        case .drive(let word): word.rawValue
        case .record(let word): "record `\(word.rawValue)`"
        }
    }

    var isLog: Bool { self == .drive(.warning) || self == .drive(.info) }

    /// Whether it tells a client something of a job.
    var tellsClient: Bool {
        switch self {
        case .send(.accepted, _), .send(.delta, _), .send(.finished, _), .send(.jobList, _): true
        default: false
        }
    }
}

extension [Step] {
    /// Without what is logged, unless `expected` names something of that.
    func comparable(with expected: [Step]) -> [Step] {
        expected.contains(where: \.isLog) ? self : filter { !$0.isLog }
    }
}

extension Message {
    /// The job that it is about; nil where it is about none, or about several.
    fileprivate var job: JobID? {
        switch self {
        case .draft(let draft): draft.fence.sequence.job
        case .verify(let verify): verify.fence.sequence.job
        case .release(let release): release.sequence.job
        case .accepted(let accepted): accepted.job
        case .delta(let delta): delta.job
        case .finished(let finished): finished.report.job
        default: nil
        }
    }
}
