package import CascadeCore

/// One answer that a run needs.
package struct EvalTask: Hashable, Sendable {
    /// What an answer is measured for.
    package enum Phase: String, CaseIterable, Codable, Hashable, Sendable {
        /// Its quality: many jobs in flight, a fixed draft length.
        case quality
        /// Its time: one job at a time, the ways to answer interleaved, so that what else the machine does falls on
        /// all.
        case latency
    }

    /// What for.
    package var phase: Phase
    /// The problem's name.
    package var problem: String
    /// The way to answer.
    package var setting: EvalSetting
    /// Which of the problem's samples, from 0.
    package var sample: Int
    /// What is drafted a round.
    package var draftLength: DraftLength
    /// What may draft.
    package var drafterKind: DrafterKind
    /// Most tokens of the answer.
    package var maxTokens: Int

    /// What tells the answer from all others of a run: a run that goes on skips the keys it has.
    package var key: String {
        [
            phase.rawValue, problem, setting.label, "temperature \(setting.temperature)", "sample \(sample)",
            "drafts \(draftLength.text) \(drafterKind.rawValue)", "at most \(maxTokens)",
        ].joined(separator: ", ")
    }

    /// The seed of the answer's random streams: the same for all ways to answer, so that they are compared on the same
    /// luck, and another one for each problem and sample.
    package var seed: UInt64 { StableHash.of("\(problem)#\(sample)") >> 11 }
}
