internal import CascadeCore

/// What a role does with its engine: requests come in, each pass moves all of them forward, finished ones are answered.
protocol WorkLoop {
    /// Takes a drafter's request.
    mutating func add(_ draft: Draft)
    /// Takes an expert's request.
    mutating func add(_ verify: Verify)
    /// Forgets a sequence; a request of it that is in work is dropped.
    mutating func release(_ sequence: SequenceID)
    /// Runs one pass over what waits and returns the answers that are complete.
    mutating func runPass() -> [Message]
    /// Requests that are not answered yet.
    var pendingCount: Int { get }
    /// Tokens since start whose keys and values were not computed again because a page of the cache held them.
    var hitTokens: UInt64 { get }
}

extension WorkLoop {
    /// Whether there is nothing to do.
    var isIdle: Bool { pendingCount == 0 }

    /// Takes what was posted.
    mutating func add(_ work: Mailbox.Work) {
        switch work {
        case .draft(let draft): add(draft)
        case .verify(let verify): add(verify)
        case .release(let release): self.release(release.sequence)
        }
    }

    mutating func add(_ draft: Draft) {}

    mutating func add(_ verify: Verify) {}
}
