/// Why something was refused or failed, for programs. Raw values travel on the wire and are never reused.
package enum RefusalCode: UInt32, CaseIterable, Sendable {
    /// The two programs speak different versions of the protocol.
    case protocolVersion = 1
    /// The node's tokens are not the pool's.
    case vocabularyMismatch = 2
    /// The expert's model or numerics are not those of the pool's other experts.
    case modelMismatch = 3
    /// The request makes no sense; its message says where.
    case badRequest = 4
    /// Prompt and answer do not fit the pool's context.
    case contextExceeded = 5
    /// Queues are full; try again later.
    case overloaded = 6
    /// No such job here: never submitted, pruned, or lost with a coordinator that kept no journal.
    case unknownJob = 7
    /// Another live node has this name.
    case nodeNameTaken = 8
    /// The cluster cannot do this now.
    case notReady = 9
    /// The sequence was in flight on two nodes that died.
    case poisoned = 10
    /// A node could not do its part and no other could.
    case nodeFailed = 11
    /// The coordinator or node is leaving.
    case shuttingDown = 12
    /// The sender's key does not allow this message.
    case forbidden = 13
    /// What the coordinator had written down of the job cannot be read, or does not fit what is there now.
    case journalDamaged = 14
    /// The first token of the answer could not come before the job's deadline.
    case deadlineTooShort = 15
    /// The job's deadline passed before its answer was done.
    case deadlineExceeded = 16
    /// The job was in flight at so many crashes, of coordinators or of experts, that it may be what causes them.
    case setAside = 17

    /// Whether a job that ended with this code was refused rather than tried and failed.
    package var isRefusal: Bool {
        switch self {
        case .badRequest, .contextExceeded, .overloaded, .unknownJob, .vocabularyMismatch, .modelMismatch,
            .protocolVersion, .nodeNameTaken, .notReady, .forbidden, .deadlineTooShort:
            true
        case .poisoned, .nodeFailed, .shuttingDown, .journalDamaged, .deadlineExceeded, .setAside: false
        }
    }
}
