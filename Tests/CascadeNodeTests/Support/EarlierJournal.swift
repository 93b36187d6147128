import CascadeCore

/// What `Fixtures/store/v1/jobs.sqlite` says: jobs at every point of their lives, with every field set that records
/// have. Never changed; a new field gets a job of its own, in a file of its own.
enum EarlierJournal {
    /// Ended, with an answer.
    static let answered = JobID(rawValue: 0x11)
    /// Ended, without one.
    static let failed = JobID(rawValue: 4)
    /// In the middle of its answer; SQLite's number of it is negative.
    static let halfFinished = JobID(rawValue: 0xfeed_0000_0000_beef)
    /// Accepted, and no more.
    static let waiting = JobID(rawValue: 3)

    /// In the order in which they were written. Of a job that has ended the file has the first and the last.
    static let records = [
        JournalRecord(job: answered, entry: .accepted(accepted(1))),
        JournalRecord(job: failed, entry: .accepted(accepted(2))),
        JournalRecord(job: halfFinished, entry: .accepted(accepted(3, explains: true))),
        JournalRecord(job: answered, entry: .committed(first)),
        JournalRecord(job: halfFinished, entry: .committed(first)),
        JournalRecord(job: failed, entry: .finished(failure)),
        JournalRecord(job: answered, entry: .finished(answer)),
        JournalRecord(job: halfFinished, entry: .committed(second)),
        JournalRecord(job: waiting, entry: .accepted(accepted(4))),
    ]

    static func accepted(_ number: UInt64, explains: Bool = false) -> AcceptedJob {
        let submit = Submit(
            requestID: number,
            submitKey: Hash128(high: 17, low: number),
            pool: "default",
            prompt: Array("Say hi \(number).".utf8),
            format: .chat,
            system: Array("Be brief.".utf8),
            sampling: sampling,
            rule: rule(explains),
            maxTokens: 8,
            stop: [Array("\n\n".utf8)],
            seed: 99,
            draftLength: .fixed(4),
            drafterKind: .both,
            draftMinimumConfidence: 0.125
        )
        return AcceptedJob(number: number, submit: submit, seed: 99, draftLength: .fixed(4))
    }

    static let start = AnswerStart(
        promptHash: Hash128(high: 5, low: 6),
        maxTokens: 8,
        vocabularyHash: Hash128(high: 1, low: 2),
        vocabularyCount: 30,
        modelFingerprint: Hash128(high: 3, low: 4),
        numericsID: "n/1",
        modelName: "größer",
        isSynthetic: true,
        queueMilliseconds: 1.5
    )

    static let first = CommittedTokens(
        start: start,
        offset: 0,
        tokens: [7, 8, 9],
        origins: [.kept, .matched, .expert],
        explanations: [lookedUp, drafted, Explanation(round: 3, textBytes: 1, draft: nil)],
        text: Array("hi".utf8) + [0xe2],
        counts: counts(rounds: 1, bonus: 0, histogram: []),
        round: 3,
        isExpertsTurn: true,
        ageMilliseconds: 80.25
    )

    static let second = CommittedTokens(
        start: nil,
        offset: 3,
        tokens: [10],
        origins: [.expert],
        explanations: [Explanation(round: 4, textBytes: 0, draft: nil)],
        text: [],
        counts: counts(rounds: 2, bonus: 1, histogram: [0, 0, 1]),
        round: 4,
        isExpertsTurn: false,
        ageMilliseconds: 160
    )

    static let answer = FinishedAnswer(
        report: JobReport(
            job: answered,
            reason: .length,
            error: nil,
            tokens: [5, 6],
            text: Array("ok".utf8),
            promptTokens: 3,
            sampling: sampling,
            rule: rule(false),
            seed: 99,
            draftLength: .adaptive,
            drafterKind: .both,
            draftMinimumConfidence: 0.125,
            counts: counts(rounds: 1, bonus: 0, histogram: []),
            queueMilliseconds: 1.5,
            firstTokenMilliseconds: 20.5,
            totalMilliseconds: 40.25,
            isSynthetic: true
        ),
        origins: [.matched, .expert],
        explanations: []
    )

    static let failure = FinishedAnswer(
        report: JobReport(
            job: failed,
            reason: .error,
            error: JobError(code: .nodeFailed, message: "no expert"),
            tokens: [],
            text: [],
            promptTokens: 0,
            sampling: sampling,
            rule: rule(false),
            seed: 99,
            draftLength: .fixed(4),
            drafterKind: .both,
            draftMinimumConfidence: 0.125,
            counts: SpeculationCounts(),
            queueMilliseconds: 7,
            firstTokenMilliseconds: nil,
            totalMilliseconds: 7
        ),
        origins: [],
        explanations: []
    )

    private static let sampling = SamplingSettings(temperature: 0.5, topK: 40, topP: 0.75, minP: 0.25)

    private static func rule(_ explains: Bool) -> RuleSettings {
        RuleSettings(rule: .tokenV3, alpha: 0.25, explains: explains)
    }

    private static func counts(rounds: UInt64, bonus: UInt64, histogram: [UInt64]) -> SpeculationCounts {
        SpeculationCounts(
            rounds: rounds,
            expertRounds: 1,
            draftedRounds: 1,
            drafted: 4,
            kept: 1,
            matched: 1,
            recovered: 1,
            bonus: bonus,
            discarded: 1,
            lookupDrafted: 1,
            lookupAccepted: 1,
            acceptanceHistogram: histogram
        )
    }

    private static let lookedUp = Explanation(
        round: 3,
        textBytes: 1,
        draft: Explanation.Draft(
            token: 7,
            source: .lookup,
            probability: 1,
            gate: .lookup,
            evidence: Evidence(
                probability: 0.5,
                gateProbability: 0.25,
                gateMaximum: 0.75,
                gateArgmax: 4,
                entropy: 1.5,
                isInTop: true,
                favouriteProbability: 0.125,
                variation: 0.375,
                blockMass: 0.625,
                keptMass: 0.875,
                ratio: 0.5,
                rejectMass: 0.0625,
                residual: 6
            ),
            coin: 0.25
        )
    )

    private static let drafted = Explanation(
        round: 3,
        textBytes: 0,
        draft: Explanation.Draft(
            token: 8,
            source: .model,
            probability: 0.5,
            gate: DraftGate(maximum: 0.75, argmax: 5, probability: 0.25, entropy: 2.5),
            evidence: nil,
            coin: nil
        )
    )
}
