package import CascadeCore

/// Rules for tests over ``ToyPair``.
package enum ToyRules {
    /// One of each form, and the one that keeps all or nothing.
    package static let few: [RuleSettings] = [
        RuleSettings(rule: .lossless), RuleSettings(rule: .chow, alpha: 0.5), RuleSettings(rule: .tokenV3, alpha: 0.5),
        RuleSettings(rule: .tokenLT, alpha: 0.5),
    ]

    /// The rest of the family, at knobs that tell tokens of the toy pairs apart where the rule can.
    package static let family: [RuleSettings] =
        few + [
            RuleSettings(rule: .lossy, alpha: 0.5), RuleSettings(rule: .diff, alpha: 0),
            RuleSettings(rule: .opt, alpha: -0.5),
            RuleSettings(rule: .tokenV1, alpha: 0.1), RuleSettings(rule: .tokenV2, alpha: 0.2),
            RuleSettings(rule: .chowLog, alpha: 1.1), RuleSettings(rule: .diffLog, alpha: 0),
            RuleSettings(rule: .optLog, alpha: 0.5), RuleSettings(rule: .bild, alpha: 1),
            RuleSettings(rule: .typical, alpha: 0.2, delta: 0.9), RuleSettings(rule: .topkDelta, alpha: 1, topN: 2),
            RuleSettings(rule: .ensemble, alpha: 0.5),
        ]
}
