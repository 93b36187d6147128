import CascadeCore
import Testing

/// What users may ask of a rule: each has a sound default, and what is not sound is refused in words.
struct RuleSettingsTests {
    private let sampling = SamplingSettings(temperature: 1)

    @Test(arguments: RuleSettings.Rule.allCases)
    func defaultsAreSound(rule: RuleSettings.Rule) {
        #expect(RuleSettings(rule: rule).problem(sampling: sampling) == nil)
        #expect((rule.defaultAlpha == nil) == (rule == .lossless))
    }

    @Test(arguments: RuleSettings.Rule.allCases)
    func alphaHasItsRange(rule: RuleSettings.Rule) {
        for alpha in [Double.nan, .infinity, -.infinity] {
            #expect(RuleSettings(rule: rule, alpha: alpha).problem(sampling: sampling)?.contains("alpha") == true)
        }
        guard let range = rule.traits.alpha?.range else { return }
        for alpha in [range.lowerBound.nextDown, range.upperBound.nextUp] {
            let problem = RuleSettings(rule: rule, alpha: alpha).problem(sampling: sampling)
            #expect(problem?.contains("alpha") == true, "\(alpha)")
        }
        #expect(RuleSettings(rule: rule, alpha: range.lowerBound).problem(sampling: sampling) == nil)
    }

    @Test func secondKnobsHaveTheirRanges() {
        for delta in [0, -1, 1.5, .nan] {
            let settings = RuleSettings(rule: .typical, delta: delta)
            #expect(settings.problem(sampling: sampling)?.contains("delta") == true, "\(delta)")
        }
        for topN in [0, -1, 1_001] {
            let settings = RuleSettings(rule: .topkDelta, topN: topN)
            #expect(settings.problem(sampling: sampling)?.contains("top-n") == true, "\(topN)")
        }
    }

    /// Where rows are one-hot a coin decides nothing: whoever asks for it is told.
    @Test(arguments: RuleSettings.Rule.allCases)
    func coinsNeedATemperature(rule: RuleSettings.Rule) {
        let problem = RuleSettings(rule: rule).problem(sampling: SamplingSettings(temperature: 0))
        #expect((problem?.contains("temperature") == true) == [.lossy, .ensemble].contains(rule))
    }

    /// At temperature 0 processed rows are one-hot: a gate that reads them would keep everything.
    @Test(arguments: RuleSettings.Rule.allCases)
    func processedGateNeedsATemperature(rule: RuleSettings.Rule) {
        let settings = RuleSettings(rule: rule, gate: .processed)
        #expect(
            (settings.problem(sampling: SamplingSettings(temperature: 0)) != nil) == (rule.readsGate || rule.needsCoin)
        )
        #expect(settings.problem(sampling: sampling) == nil)
    }
}
