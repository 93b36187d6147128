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
        (self.problems, self.settings, self.samples) = (problems, settings, samples)
        (self.draftLength, self.drafterKind) = (draftLength, drafterKind)
        (self.maxTokens, self.latencyProblems) = (maxTokens, latencyProblems)
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

/// The ways to answer that a run compares: kinds times knobs times temperatures.
package enum EvalGrid {
    /// A kind with the knobs it is tried with.
    package struct Entry: Equatable, Sendable {
        /// The kind.
        package var kind: EvalSetting.Kind
        /// Its knobs; empty: those of the whole run, or the rule's default.
        package var alphas: [Double]

        /// Creates the entry.
        package init(kind: EvalSetting.Kind, alphas: [Double] = []) {
            self.kind = kind
            self.alphas = alphas
        }
    }

    /// The settings, ordered by temperature, kind and knob.
    ///
    /// - Parameter alphas: the knobs of rules that name none of their own.
    /// - Throws: ``EvalError`` for a rule that does not fit the temperature or the knob.
    package static func settings(
        _ entries: [Entry],
        alphas: [Double],
        temperatures: [Double]
    ) throws(EvalError) -> [EvalSetting] {
        var settings: [EvalSetting] = []
        for temperature in temperatures {
            for entry in entries {
                let knobs = entry.alphas.isEmpty ? alphas : entry.alphas
                for alpha in knobs.isEmpty ? [nil] : knobs.map(Optional.init) {
                    let setting = EvalSetting(entry.kind, alpha: alpha, temperature: temperature)
                    if let problem = setting.problem { throw EvalError("\(setting.label): \(problem)") }
                    if !settings.contains(setting) { settings.append(setting) }
                }
            }
        }
        return settings
    }
}

/// Why a run cannot start or go on, in words for the user.
package struct EvalError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    /// Creates the error.
    package init(_ description: String) { self.description = description }
}
