import CascadeCore

/// The kinds of messages, to be counted.
package enum MessageType: Int, CaseIterable, Sendable {
    case hello, ready, pong, tokenizerChunk, drafted, verified, missing, failed, goodbye
    case welcome, refused, ping, draft, verify, release, drain
    case submit, watch, cancel, statusRequest, jobsRequest, nodesRequest, drainNode
    case accepted, delta, finished, jobList, nodeList, clusterStatus

    init(_ message: Message) {
        switch message {
        case .hello: self = .hello
        case .ready: self = .ready
        case .pong: self = .pong
        case .tokenizerChunk: self = .tokenizerChunk
        case .drafted: self = .drafted
        case .verified: self = .verified
        case .missing: self = .missing
        case .failed: self = .failed
        case .goodbye: self = .goodbye
        case .welcome: self = .welcome
        case .refused: self = .refused
        case .ping: self = .ping
        case .draft: self = .draft
        case .verify: self = .verify
        case .release: self = .release
        case .drain: self = .drain
        case .submit: self = .submit
        case .watch: self = .watch
        case .cancel: self = .cancel
        case .statusRequest: self = .statusRequest
        case .jobsRequest: self = .jobsRequest
        case .nodesRequest: self = .nodesRequest
        case .drainNode: self = .drainNode
        case .accepted: self = .accepted
        case .delta: self = .delta
        case .finished: self = .finished
        case .jobList: self = .jobList
        case .nodeList: self = .nodeList
        case .clusterStatus: self = .clusterStatus
        }
    }
}
