/// Everything that can happen inside the coordinator, counted: for metrics, and for the simulator's proof that it
/// happened at all.
package enum Transition: Int, CaseIterable, Sendable {
    /// A node was taken in.
    case nodeJoined
    /// A known node said hello again.
    case nodeRejoined
    /// A node's name was taken over by a newer process.
    case nodeReplaced
    /// A node's hello was refused.
    case nodeRefused
    /// A node became ready.
    case nodeReady
    /// A node was found gone by the transport.
    case nodeLost
    /// A node was silent for too long.
    case nodeReaped
    /// A node takes nothing new.
    case nodeDraining
    /// A node is out of use: it failed job after job.
    case nodeDistrusted
    /// A node said goodbye.
    case nodeLeft
    /// A message came from a peer that is no known node.
    case nodeUnknown
    /// The coordinator itself stood still.
    case pauseNoticed
    /// An expert was asked for its tokenizer block.
    case tokenizerAsked
    /// A pool's vocabulary became known.
    case vocabularyKnown
    /// A job was accepted.
    case jobAccepted
    /// A job of an earlier coordinator goes on.
    case jobRestored
    /// An answer of an earlier coordinator goes on behind its tokens.
    case answerResumed
    /// A job of an earlier coordinator is lost: its records are of no use.
    case jobDamaged
    /// A submission was repeated.
    case jobRepeated
    /// A submission was refused.
    case jobRefused
    /// One of them because its first token could not come before its deadline.
    case deadlineRefused
    /// A prompt became tokens.
    case jobTokenized
    /// A job got its place at an expert.
    case jobAdmitted
    /// A sequence gave its place in an expert's cache up for others; it is read again when there is room.
    case sequencePreempted
    /// A job that a client follows got its place before an older one that nobody follows.
    case interactiveWentFirst
    /// A job ended by an end token or a stop string.
    case jobStopped
    /// A job reached its token limit.
    case jobReachedLength
    /// A job was cancelled.
    case jobCancelled
    /// A job failed.
    case jobFailed
    /// A job's deadline passed.
    case deadlinePassed
    /// A job failed because two nodes died with its round.
    case jobPoisoned
    /// A job was set aside: it was in flight at too many crashes.
    case jobSetAside
    /// A job that was in flight at crashes is in flight again, alone of its kind.
    case jobOnTrial
    /// A job that was in flight at crashes has made its rounds: the next one is taken up.
    case jobAcquitted
    /// A finished job was forgotten.
    case jobForgotten
    /// A round began with a request to a drafter.
    case roundDrafting
    /// A round began with a draft that was looked up.
    case roundLookup
    /// A round began without a draft.
    case roundPlain
    /// The length of a round's draft was chosen by the measured costs.
    case draftLengthChosen
    /// A round could have had a draft, but none would have paid.
    case draftUnpaid
    /// A round was given up before its draft was sent to an expert.
    case roundAbandoned
    /// A draft was sent to an expert.
    case roundVerifying
    /// A round's draft was sent to a second expert because the first was late.
    case roundHedged
    /// A round's draft was sent to an expert once more.
    case roundRetried
    /// A round was committed.
    case roundCommitted
    /// A drafter's answer was not confident enough: the expert answers anew.
    case answerDeferred
    /// A sequence moved to another expert.
    case expertChanged
    /// A sequence moved to another drafter.
    case drafterChanged
    /// A node lacked tokens or the spec.
    case requestMissing
    /// A node could not carry out a request.
    case requestFailed
    /// A node's reply broke a rule.
    case requestInvalid
    /// A request took too long.
    case requestExpired
    /// A reply was no longer waited for.
    case replyStale
    /// A message came that nobody may send to a coordinator.
    case messageUnexpected
    /// A client began to follow a job.
    case watcherAttached
    /// A client no longer follows.
    case watcherDropped
    /// Those who wait for a job's first token are told how far its prompt is read.
    case readingShown
}

/// How often each transition occurred since start.
package struct TransitionCounts: Equatable, Sendable {
    private var values = [UInt64](repeating: 0, count: Transition.allCases.count)

    /// Creates counts of zero.
    package init() {}

    /// How often `transition` occurred.
    package subscript(transition: Transition) -> UInt64 { values[transition.rawValue] }

    /// Counts one more.
    mutating func count(_ transition: Transition) {
        values[transition.rawValue] += 1
    }

    /// Adds another process's counts.
    package mutating func add(_ other: TransitionCounts) {
        for index in values.indices {
            values[index] += other.values[index]
        }
    }
}
