import CascadeCore
import Testing

@testable import CascadeEval

struct EvalPlanTests {
    private func plan(_ settings: [EvalSetting], problems: [String] = ["a", "b", "c"], latency: Int = 0) -> EvalPlan {
        EvalPlan(
            problems: problems,
            settings: settings,
            samples: 2,
            draftLength: .fixed(4),
            drafterKind: .model,
            maxTokens: 64,
            latencyProblems: latency
        )
    }

    @Test func rulesBringTheirKnobsOrTakeTheRuns() throws {
        let entries = [
            EvalGrid.Entry(kind: .expertOnly), EvalGrid.Entry(kind: .rule(.tokenV3), alphas: [0.1]),
            EvalGrid.Entry(kind: .rule(.chow)), EvalGrid.Entry(kind: .rule(.lossless)),
        ]
        let settings = try EvalGrid.settings(entries, alphas: [0.2, 0.4], temperatures: [0, 0.8])
        let labels = ["expert-only", "token-v3 0.1", "chow 0.2", "chow 0.4", "lossless"]
        #expect(settings.map(\.label) == labels + labels)
        #expect(settings.map(\.temperature) == Array(repeating: 0, count: 5) + Array(repeating: 0.8, count: 5))
        let standard = try EvalGrid.settings([EvalGrid.Entry(kind: .rule(.chow))], alphas: [], temperatures: [0])
        #expect(standard.map(\.alpha) == [RuleSettings.Rule.chow.defaultAlpha])
    }

    @Test(arguments: [("ensemble", 0.5, 0.0), ("chow", 1.5, 0.0), ("token-v3", 0.3, -1.0)])
    func whatCannotBeIsNamed(_ name: String, _ alpha: Double, _ temperature: Double) throws {
        let entry = EvalGrid.Entry(kind: try #require(EvalSetting.Kind(name: name)), alphas: [alpha])
        let error = #expect(throws: EvalError.self) {
            try EvalGrid.settings([entry], alphas: [], temperatures: [temperature])
        }
        #expect(error?.description.hasPrefix("\(name) \(alpha): ") == true)
    }

    @Test func greedyAnswersComeOnceAndSampledOnesAsAsked() {
        let rule = EvalSetting.Kind.rule(.tokenV3)
        let tasks = plan([EvalSetting(rule, temperature: 0), EvalSetting(rule, temperature: 0.8)]).tasks(.quality)
        #expect(tasks.count == 9)
        #expect(Set(tasks.map(\.key)).count == 9)
        #expect(tasks.allSatisfy { $0.draftLength == .fixed(4) })
        // The same luck for all ways to answer, another for each problem and sample.
        #expect(Set(tasks.map(\.seed)).count == 6)
        #expect(tasks.allSatisfy { $0.seed < 1 << 53 })
    }

    @Test func baselinesDraftNothingAndTimesAreTakenAdaptively() {
        let settings = [EvalSetting(.expertOnly, temperature: 0), EvalSetting(.rule(.lossless), temperature: 0)]
        let tasks = plan(settings, latency: 2).tasks(.latency)
        #expect(tasks.map(\.problem) == ["a", "a", "b", "b"])
        #expect(tasks.map(\.setting.name) == ["expert-only", "lossless", "lossless", "expert-only"])
        for task in tasks { #expect(task.draftLength == (task.setting.kind == .expertOnly ? .fixed(0) : .adaptive)) }
        #expect(EvalSetting(.expertMinP, temperature: 1).sampling.minP == EvalSetting.minP)
        #expect(EvalSetting(.drafterOnly, temperature: 1).rule.alpha == 1)
    }

    @Test func theShuffleIsFixed() {
        let names = (0..<164).map { "HumanEval/\($0)" }
        let order = FixedShuffle.order(names) { $0 }
        #expect(order.sorted() == names.sorted())
        #expect(order == FixedShuffle.order(names.reversed()) { $0 })
        // Pinned: tables of the guide name stretches of this order.
        #expect(order.prefix(3) == ["HumanEval/143", "HumanEval/55", "HumanEval/51"])
        // A fair sample: the first 40 are spread over the file.
        let numbers = order.prefix(40).compactMap { Int($0.dropFirst(10)) }
        #expect((0..<4).allSatisfy { part in numbers.count { $0 / 41 == part } >= 5 })
    }
}
