package import CascadeCore

/// One way to answer that a run compares: a rule with its knob, or a baseline, at a temperature.
package struct EvalSetting: Hashable, Sendable {
    /// Which kind of way it is; its name stands in tables.
    package enum Kind: Hashable, Sendable {
        /// The expert without drafts.
        case expertOnly
        /// The expert without drafts and with min-p truncation: the usual way to sharpen sampling without a drafter.
        case expertMinP
        /// The drafter alone: `token-cascade` with alpha 1, which never asks the expert.
        case drafterOnly
        /// A rule.
        case rule(RuleSettings.Rule)
    }

    /// The share of the likeliest token's probability that `expert-min-p` keeps tokens down to.
    package static let minP = 0.1

    /// Which kind.
    package var kind: Kind
    /// The rule's knob; nil where it has none.
    package var alpha: Double?
    /// The softmax temperature; 0 is greedy.
    package var temperature: Double

    /// Creates a setting; a rule's alpha defaults to its own default.
    package init(_ kind: Kind, alpha: Double? = nil, temperature: Double) {
        self.kind = kind
        self.temperature = temperature
        if case .rule(let rule) = kind { self.alpha = rule.defaultAlpha.map { alpha ?? $0 } }
    }

    /// The name in tables and options, such as `expert-only` or `token-v3`.
    package var name: String { kind.name }

    /// The name with the knob, such as `token-v3 0.3`.
    package var label: String { alpha.map { "\(name) \($0)" } ?? name }

    /// How drafts are judged.
    package var rule: RuleSettings {
        switch kind {
        case .expertOnly, .expertMinP: RuleSettings()
        case .drafterOnly: RuleSettings(rule: .tokenCascade, alpha: 1)
        case .rule(let rule): RuleSettings(rule: rule, alpha: alpha)
        }
    }

    /// How rows are made from logits.
    package var sampling: SamplingSettings {
        SamplingSettings(temperature: temperature, topK: 0, topP: 1, minP: kind == .expertMinP ? Self.minP : 0)
    }

    /// The draft length that holds where `asked` is what the run drafts.
    package func draftLength(_ asked: DraftLength) -> DraftLength {
        kind == .expertOnly || kind == .expertMinP ? .fixed(0) : asked
    }

    /// What is wrong with the setting, in words for the user; nil when it is sound.
    package var problem: String? { rule.problem(sampling: sampling) ?? sampling.problem }
}

extension EvalSetting.Kind {
    /// The name, as the option takes it.
    package var name: String {
        switch self {
        case .expertOnly: "expert-only"
        case .expertMinP: "expert-min-p"
        case .drafterOnly: "drafter-only"
        case .rule(let rule): rule.rawValue
        }
    }

    /// All kinds, baselines first.
    package static var all: [Self] {
        [.expertOnly, .expertMinP, .drafterOnly] + RuleSettings.Rule.allCases.map { .rule($0) }
    }

    /// The kind with that name.
    package init?(name: String) {
        guard let kind = Self.all.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}
