/// Names a job, for ever: random, shown as 16 hexadecimal digits.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    /// The 64 random bits.
    package var rawValue: UInt64

    /// Creates the value from its parts.
    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Reads the 16 hexadecimal digits that ``description`` shows; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else { return nil }
        rawValue = value
    }

    /// 16 hexadecimal digits.
    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Names one sequence: a sample of a job.
package struct SequenceID: Hashable, Sendable, CustomStringConvertible {
    /// The job.
    package var job: JobID
    /// Which of its samples, from 0.
    package var sample: UInt32

    /// Creates the value from its parts.
    package init(job: JobID, sample: UInt32 = 0) {
        self.job = job
        self.sample = sample
    }

    /// The job's id, and the sample's number behind a dot.
    package var description: String { "\(job).\(sample)" }
}

/// Who a node is: a name that survives restarts and a number that does not.
/// ZeroMQ's routing ids say neither (decisions.md 10).
package struct NodeIdentity: Hashable, Sendable {
    /// The node's name, unique in the cluster, e.g. `expert-host1-4711`.
    package var name: String
    /// Random per process start: replies of an earlier incarnation are told apart by it.
    package var incarnation: UInt64

    /// Creates the value from its parts.
    package init(name: String, incarnation: UInt64) {
        self.name = name
        self.incarnation = incarnation
    }
}

/// What ties a reply to the one request it answers (decisions.md 10): a reply whose fence is not that of an
/// outstanding request is counted and dropped.
package struct Fence: Hashable, Sendable {
    /// The coordinator's boot id; random, compared for equality only.
    package var boot: UInt64
    /// The incarnation of the node that was asked.
    package var incarnation: UInt64
    /// The sequence.
    package var sequence: SequenceID
    /// The round, counted per sequence from 1.
    package var round: UInt32

    /// Creates the value from its parts.
    package init(boot: UInt64, incarnation: UInt64, sequence: SequenceID, round: UInt32) {
        self.boot = boot
        self.incarnation = incarnation
        self.sequence = sequence
        self.round = round
    }
}
