/// What there is to know of a rule besides its formula, which is in `CascadeRules`: an entry of the table
/// ``RuleSettings/Rule/traits``, from which checks, help, the wire and `cascade tune` follow.
package struct RuleTraits: Sendable {
    /// How a rule acts, and with that what it guarantees (G1 to G4 of the guide). K is the set of tokens that it keeps.
    package enum Kind: Sendable {
        /// Keeps nothing and tosses the coin p / q: the output distribution is the expert's, exactly (G1, G2).
        case lossless
        /// Keeps nothing and tosses a coin of its own, so does nothing at temperature 0, where no coin is left.
        case coin
        /// Everything outside of K is judged losslessly (G3).
        case keeping
        /// The expert's distribution has the mass that the drafter loses: pi = q 1[K] + (1 - q(K)) p (G3).
        case filling
        /// A baseline without speculation: drafter and expert work one after the other, and no draft is scored.
        case sequential
    }

    /// Numbers that decide whether a drafted token x is kept, besides p(x) > 0 and the guard, which every rule reads.
    package struct Inputs: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// The drafter's gate: its largest probability, that of x, and its entropy in nats.
        package static let (maxQ, q, entropyQ) = (Self(rawValue: 1), Self(rawValue: 2), Self(rawValue: 4))
        /// The expert's gate: the same.
        package static let (maxP, p, entropyP) = (Self(rawValue: 8), Self(rawValue: 16), Self(rawValue: 32))
        /// The expert's gate: whether x is among the likeliest ``RuleSettings/topN``.
        package static let top = Self(rawValue: 64)
        /// Both gates: p(argmax q).
        package static let favourite = Self(rawValue: 128)
        /// The whole rows that are sampled from: TV(p, q).
        package static let variation = Self(rawValue: 256)
        /// Those that are not the expert's alone.
        package static let ofDrafter: Self = [.maxQ, .q, .entropyQ, .favourite, .variation]
    }

    /// A knob: its value where the user names none; sensible values, nil where any finite number is; and values worth a
    /// try, the strictest first. A larger value keeps more, unless these descend.
    package typealias Alpha = (standard: Double, range: ClosedRange<Double>?, ladder: [Double])

    /// The rule's number on the wire and in the journal.
    package let number: UInt32
    /// How it acts.
    package let kind: Kind
    /// What decides whether it keeps a token.
    package let reads: Inputs
    /// Its knob; nil for a rule without one.
    package let alpha: Alpha?
    /// Its second knob; nil for a rule without one.
    package let second: SecondKnob?

    init(_ number: UInt32, _ kind: Kind, _ reads: Inputs = [], _ alpha: Alpha? = nil, _ second: SecondKnob? = nil) {
        (self.number, self.kind, self.reads, self.alpha, self.second) = (number, kind, reads, alpha, second)
    }
}

/// A knob that one rule has beside alpha. The settings of other rules carry its standard value.
package struct SecondKnob: Equatable, Sendable {
    /// ``RuleSettings/delta``.
    package static let delta = SecondKnob("delta", 0.3, .leastNonzeroMagnitude...1, "above 0 and at most 1")
    /// ``RuleSettings/topN``.
    package static let topN = SecondKnob("top-n", 10, 1...1_000, "between 1 and 1000")

    /// The option's name without its dashes.
    package let name: String
    /// Its value where the user names none.
    package let standard: Double
    /// Sensible values.
    package let range: ClosedRange<Double>
    /// The same in words.
    package let words: String

    private init(_ name: String, _ standard: Double, _ range: ClosedRange<Double>, _ words: String) {
        (self.name, self.standard, self.range, self.words) = (name, standard, range, words)
    }

    /// The name of the rule that has it.
    package var rule: String { RuleSettings.Rule.allCases.first { $0.traits.second == self }?.rawValue ?? "" }
}
