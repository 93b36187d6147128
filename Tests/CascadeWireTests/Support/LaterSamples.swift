import CascadeCore

@testable import CascadeWire

/// Messages with the fields that came behind ``Samples``: what the golden files of `later` hold. Never changed.
enum LaterSamples: String, CaseIterable {
    case submit, delta, pong, reading

    var message: Message {
        switch self {
        case .submit: .submit(Self.laterSubmit)
        case .delta: .delta(Self.laterDelta)
        case .pong: .pong(Self.readingPong)
        case .reading: .delta(Self.readingDelta)
        }
    }

    private static let laterSubmit = Submit(
        requestID: 8,
        submitKey: Hash128(high: 1, low: 2),
        pool: "p",
        prompt: Array("x".utf8),
        format: .automatic,
        parsesSpecial: true,
        localSeconds: 1_790_000_000,
        sampling: SamplingSettings(temperature: 1, topK: 0, topP: 1, minP: 0),
        rule: RuleSettings(
            rule: .topkDelta,
            alpha: 0.25,
            delta: 0.5,
            topN: 7,
            gate: .processed,
            bonus: .target,
            verifyMethod: .coupled,
            explains: true
        ),
        usesDefaultRule: true,
        maxTokens: 9,
        draftLength: .adaptive,
        drafterKind: .both,
        follow: false
    )

    private static let laterDelta = Delta(
        job: Samples.job,
        state: .running,
        note: "",
        tokenOffset: 0,
        byteOffset: 0,
        tokens: [7, 8, 9],
        origins: [.kept, .matched, .expert],
        text: Array("ab".utf8),
        explanations: [lookedUp, drafted, Explanation(round: 3, textBytes: 1, draft: nil)]
    )

    private static let readingPong = Pong(
        boot: Samples.boot,
        number: 301,
        progress: Samples.progress,
        prompts: [
            SequenceReading(
                sequence: SequenceID(job: Samples.job, sample: 2),
                prompt: PromptReading(tokensRead: 1_234, tokens: 6_029)
            )
        ]
    )

    private static let readingDelta = Delta(
        job: Samples.job,
        state: .running,
        note: "",
        tokenOffset: 0,
        byteOffset: 0,
        tokens: [],
        origins: [],
        text: [],
        prompt: PromptReading(tokensRead: 1_234, tokens: 6_029)
    )

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
