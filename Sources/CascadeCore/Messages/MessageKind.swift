/// The kinds of messages, by the numbers of their fields in `Envelope` (Protos/cascade/v1/envelope.proto).
package enum MessageKind: UInt32, CaseIterable, Sendable {
    case hello = 16
    case welcome = 17
    case refused = 18
    case tokenizerChunk = 19
    case ready = 20
    case ping = 21
    case pong = 22
    case drain = 23
    case goodbye = 24
    case draft = 32
    case drafted = 33
    case verify = 34
    case verified = 35
    case missing = 36
    case failed = 37
    case release = 38
    case submit = 48
    case accepted = 49
    case watch = 50
    case cancel = 51
    case delta = 52
    case finished = 53
    case statusRequest = 54
    case jobsRequest = 55
    case nodesRequest = 56
    case jobList = 57
    case nodeList = 58
    case clusterStatus = 59
    case drainNode = 60
    case cancelJobs = 61
    case jobsCancelled = 62

    /// The name in errors and counters. From a table: what Swift makes of a case by reflection takes microseconds.
    package var name: String { Self.names[self] ?? "" }

    private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0, "\($0)") })
}

extension MessageKind {
    /// The kind of a message.
    package init(_ message: Message) {
        switch message {
        case .hello: self = .hello
        case .welcome: self = .welcome
        case .refused: self = .refused
        case .tokenizerChunk: self = .tokenizerChunk
        case .ready: self = .ready
        case .ping: self = .ping
        case .pong: self = .pong
        case .drain: self = .drain
        case .goodbye: self = .goodbye
        case .draft: self = .draft
        case .drafted: self = .drafted
        case .verify: self = .verify
        case .verified: self = .verified
        case .missing: self = .missing
        case .failed: self = .failed
        case .release: self = .release
        case .submit: self = .submit
        case .accepted: self = .accepted
        case .watch: self = .watch
        case .cancel: self = .cancel
        case .delta: self = .delta
        case .finished: self = .finished
        case .statusRequest: self = .statusRequest
        case .jobsRequest: self = .jobsRequest
        case .nodesRequest: self = .nodesRequest
        case .jobList: self = .jobList
        case .nodeList: self = .nodeList
        case .clusterStatus: self = .clusterStatus
        case .drainNode: self = .drainNode
        case .cancelJobs: self = .cancelJobs
        case .jobsCancelled: self = .jobsCancelled
        }
    }
}
