import CascadeCore

@testable import CascadeWire

/// Records of one job in the order of its life, with every field set: what the golden file holds. Never changed.
enum JournalSamples {
    static let entries: [JournalRecord.Entry] = [accepted, first, next, finished]
    /// Records with the fields that came later. Never changed.
    static let laterEntries: [JournalRecord.Entry] = [
        .accepted(
            AcceptedJob(
                number: 13,
                submit: Samples.submit,
                seed: 99,
                draftLength: .adaptive,
                owner: JobOwner(name: "team-ä", key: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7")
            )
        )
    ]

    /// Records of a job that was in flight when processes crashed. Never changed.
    static let crashEntries: [JournalRecord.Entry] = [
        .takenUp, .putDown,
        .expertDeaths([
            NodeIdentity(name: "expert-höst-1", incarnation: 0x0102_0304_0506_0708),
            NodeIdentity(name: "expert-2", incarnation: 9),
        ]),
    ]

    /// Records of a job that asks for log probabilities. Never changed.
    static var logprobEntries: [JournalRecord.Entry] {
        guard case .submit(let submit) = LaterSamples.logprobsSubmit.message,
            case .delta(let delta) = LaterSamples.logprobsDelta.message
        else { return [] }
        var report = Samples.report
        report.tokens = delta.tokens
        return [
            .accepted(AcceptedJob(number: 14, submit: submit, seed: 99, draftLength: .adaptive)),
            .committed(
                CommittedTokens(
                    start: nil,
                    offset: 4,
                    tokens: delta.tokens,
                    origins: delta.origins,
                    explanations: delta.explanations,
                    text: delta.text,
                    counts: SpeculationCounts(rounds: 2),
                    round: 2,
                    isExpertsTurn: false,
                    ageMilliseconds: 160
                )
            ),
            .finished(FinishedAnswer(report: report, origins: delta.origins, explanations: delta.explanations)),
        ]
    }

    private static let accepted = JournalRecord.Entry.accepted(
        AcceptedJob(number: 12, submit: Samples.submit, seed: 99, draftLength: .fixed(4))
    )

    private static let first = JournalRecord.Entry.committed(
        CommittedTokens(
            start: AnswerStart(
                promptHash: Hash128(high: 5, low: 6),
                maxTokens: 40,
                vocabularyHash: Hash128(high: 1, low: 2),
                vocabularyCount: 30,
                modelFingerprint: Hash128(high: 3, low: 4),
                numericsID: "n/1",
                modelName: "größer",
                isSynthetic: true,
                queueMilliseconds: 1.5
            ),
            offset: 0,
            tokens: [5, 6],
            origins: [.matched, .expert],
            explanations: [],
            text: Array("é".utf8) + [0xe2],
            counts: SpeculationCounts(
                rounds: 1,
                expertRounds: 1,
                draftedRounds: 1,
                drafted: 4,
                matched: 1,
                recovered: 1
            ),
            round: 1,
            isExpertsTurn: true,
            ageMilliseconds: 80.25
        )
    )

    private static let next = JournalRecord.Entry.committed(
        CommittedTokens(
            start: nil,
            offset: 2,
            tokens: [7],
            origins: [.kept],
            explanations: [],
            text: [],
            counts: SpeculationCounts(rounds: 2),
            round: 2,
            isExpertsTurn: false,
            ageMilliseconds: 160
        )
    )

    private static let finished = JournalRecord.Entry.finished(
        FinishedAnswer(
            report: Samples.report,
            origins: Samples.report.tokens.map { _ in .expert },
            explanations: []
        )
    )
}
