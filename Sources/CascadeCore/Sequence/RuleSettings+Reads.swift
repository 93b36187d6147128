/// Which numbers nodes work out and send: those that the rule reads, or all where the job wants to be told.
extension RuleSettings {
    /// The expert's gate row.
    package var wantsGate: Bool { explains || rule.readsGate }
    /// The expert's entropy.
    package var wantsExpertEntropy: Bool { explains || rule.readsExpertEntropy }
    /// The drafter's entropy.
    package var wantsDraftEntropy: Bool { explains || rule.readsDraftEntropy }
    /// The drafter's gate probability of the drafted token.
    package var wantsDraftProbability: Bool { explains || rule == .tokenV1 }
    /// The drafter's favourite, and the expert's gate probability of it.
    package var wantsFavourite: Bool { explains || rule == .bild }
    /// Whether the drafted token is among the gate's likeliest.
    package var wantsTop: Bool { explains || rule == .topkDelta }
    /// TV(p, q).
    package var wantsVariation: Bool { explains || rule == .opt || rule == .optLog }
}
