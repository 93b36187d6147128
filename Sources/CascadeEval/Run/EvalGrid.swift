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
