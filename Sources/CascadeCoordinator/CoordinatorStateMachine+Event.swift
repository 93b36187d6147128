package import CascadeCore

extension CoordinatorStateMachine {
    /// What happens to the coordinator.
    package enum Event: Equatable, Sendable {
        /// A message arrived, of somebody whom the driver takes for `by`.
        case message(Message, from: PeerID, by: Principal)
        /// A peer is gone: a send found no route to it, or the driver knows from elsewhere.
        case peerLost(PeerID)
        /// A peer does not read: the message that was sent to it last was dropped.
        case peerFull(PeerID)
        /// The driver has made tokens of a job's prompt.
        case tokenized(JobID, TokenizedPrompt)
        /// The driver has put a pool's tokenizer block together.
        case vocabulary(pool: String, TokenizerID, Vocabulary)
        /// The driver could not use a pool's tokenizer block; says why, for people.
        case vocabularyFailed(pool: String, String)
        /// What an earlier coordinator left: the first event where there is a journal.
        case restored([JournaledJob])
        /// The keys that are known, at the start and whenever that has changed: jobs of all others end.
        case keysKnown([Principal])
        /// All records up to this one, counted from 1, will be there after a crash.
        case journaled(upTo: UInt64)
        /// ``CoordinatorStateMachine/nextDeadline`` has come.
        case tick
        /// All jobs shall end, as nobody will take them up: before ``shutdown``, and what is told of it waits for the
        /// journal as ever.
        case endJobs
        /// The process shall end.
        case shutdown
    }

    /// What came of a prompt.
    package enum TokenizedPrompt: Equatable, Sendable {
        /// Its tokens, chat template included.
        case tokens([Token])
        /// It has more than so many, the limit that was named; how many is not known.
        case tooLong(limit: Int)
        /// Why it has none.
        case failed(JobError)
    }
}
