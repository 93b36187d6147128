package import CascadeCore

/// Which answers a run needs, in the order in which it asks for them.
package struct EvalPlan: Sendable {
    /// Names of the problems.
    package var problems: [String]
    /// The ways to answer.
    package var settings: [EvalSetting]
    /// Samples of a problem where the temperature is above 0; a greedy answer is the same every time.
    package var samples: Int
    /// What a round drafts while quality is measured.
    package var draftLength: DraftLength
    /// What may draft.
    package var drafterKind: DrafterKind
    /// Most tokens of an answer.
    package var maxTokens: Int
    /// How many of the problems, from the first, are answered once more for their time.
    package var latencyProblems: Int

    /// Creates a plan.
    package init(
        problems: [String],
        settings: [EvalSetting],
        samples: Int,
        draftLength: DraftLength,
        drafterKind: DrafterKind,
        maxTokens: Int,
        latencyProblems: Int
    ) {
        self.problems = problems
        self.settings = settings
        self.samples = samples
        self.draftLength = draftLength
        self.drafterKind = drafterKind
        self.maxTokens = maxTokens
        self.latencyProblems = latencyProblems
    }

    /// The answers of a phase: problem by problem, so that a run that is cut short has whole problems.
    package func tasks(_ phase: EvalTask.Phase) -> [EvalTask] {
        let problems = phase == .quality ? problems : Array(problems.prefix(latencyProblems))
        return problems.enumerated().flatMap { index, problem in
            // The first way to answer pays for what follows it on a cold cache; each has its turn.
            let shift = settings.isEmpty ? 0 : index % settings.count
            return (settings[shift...] + settings[..<shift]).flatMap { setting in
                (0..<(phase == .latency || setting.temperature == 0 ? 1 : samples)).map { sample in
                    EvalTask(
                        phase: phase,
                        problem: problem,
                        setting: setting,
                        sample: sample,
                        draftLength: setting.draftLength(phase == .quality ? draftLength : .adaptive),
                        drafterKind: drafterKind,
                        maxTokens: maxTokens
                    )
                }
            }
        }
    }
}
