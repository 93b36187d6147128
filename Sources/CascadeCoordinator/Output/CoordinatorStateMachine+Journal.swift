import CascadeCore
import OrderedCollections

/// What is written down. Clients hear of it when it is on disk (``JournalGate``); rounds do not wait, they only stop
/// while the journal is far behind.
extension CoordinatorStateMachine {
    mutating func journal(_ id: JobID, _ entry: JournalRecord.Entry) {
        guard keepsJournal else { return }
        gate.countRecord()
        actions.append(.journal(JournalRecord(job: id, entry: entry)))
    }

    /// Whether something that clients are told waits for the disk.
    package var isAwaitingDisk: Bool { gate.isAwaitingDisk }

    /// Whether so much waits to be written down that no more may be begun.
    var isJournalBehind: Bool { gate.lag >= UInt64(limits.unjournaledRecords) }

    /// Records are on disk: what waited for them leaves.
    mutating func takeJournaled(upTo record: UInt64) {
        actions += gate.takeDurable(upTo: record).map { .send($0.message, to: $0.peer) }
        readHeldPrompt()
    }

    /// The tokens of a round that was committed, where the job goes on.
    mutating func journalCommit(_ id: JobID, from offset: Int, textFrom byteOffset: Int) {
        guard keepsJournal, let job = jobs[id], let sequence = job.sequence, !sequence.isProvisional else { return }
        let committed = CommittedTokens(
            start: offset == 0 ? start(of: job, sequence) : nil,
            offset: UInt32(clamping: offset),
            tokens: Array(sequence.answer.dropFirst(offset)),
            origins: Array(sequence.origins.dropFirst(offset)),
            explanations: Array(sequence.explanations.dropFirst(offset)),
            text: Array(sequence.text.dropFirst(byteOffset)),
            counts: sequence.counts,
            round: sequence.round,
            isExpertsTurn: sequence.isExpertsTurn,
            ageMilliseconds: job.age(at: now)
        )
        journal(id, .committed(committed))
    }

    private func start(of job: Job, _ sequence: ActiveSequence) -> AnswerStart? {
        guard let pool = pools[job.submit.pool], let model = pool.expertModel else { return nil }
        return AnswerStart(
            promptHash: sequence.hash(ofFirst: sequence.spec.promptLength),
            maxTokens: UInt32(clamping: sequence.maxTokens),
            vocabularyHash: pool.vocabularyHash,
            vocabularyCount: UInt32(clamping: pool.vocabularyCount),
            modelFingerprint: model.fingerprint,
            numericsID: model.numericsID,
            modelName: model.name,
            isSynthetic: pool.isSynthetic,
            queueMilliseconds: job.queueMilliseconds ?? 0
        )
    }
}
