/// One thing that a coordinator writes down about a job before a client hears of it. A job's records, in their order,
/// are all that it takes to go on with the job after a crash (decisions.md 13).
package struct JournalRecord: Equatable, Sendable {
    /// What was decided.
    package enum Entry: Equatable, Sendable {
        /// The job exists: the first of its records.
        case accepted(AcceptedJob)
        /// Its answer has grown.
        case committed(CommittedTokens)
        /// A process works on it, or reads its prompt: where that crashes, it counts for the job (decisions.md 26).
        case takenUp
        /// Nobody works on it any more: what becomes of the process does not count for it.
        case putDown
        /// The experts that died while they worked on it, in the place of those that were known before.
        case expertDeaths([NodeIdentity])
        /// It has ended: takes the place of all that was committed.
        case finished(FinishedAnswer)
        /// Nobody will ask for it any more: none of its records is needed.
        case forgotten
    }

    /// Whose record it is.
    package var job: JobID
    /// What it says.
    package var entry: Entry

    /// Creates the value from its parts.
    package init(job: JobID, entry: Entry) {
        self.job = job
        self.entry = entry
    }
}
