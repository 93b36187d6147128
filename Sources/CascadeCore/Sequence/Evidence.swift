/// What an expert says of one drafted position instead of shipping its distribution (decisions.md 3): about 80 bytes,
/// whatever the vocabulary. All probabilities are of the drafted token x unless said otherwise.
package struct Evidence: Equatable, Sendable {
    /// Processed p(x): after top-k, top-p, min-p and temperature.
    package var probability: Double
    /// The gate's p(x): raw, or processed where the spec says so.
    package var gateProbability: Double
    /// The gate's largest probability, max p.
    package var gateMaximum: Double
    /// The token that has it; decides whether the guard makes the position lossless.
    package var gateArgmax: Token
    /// Entropy of the gate's row in nats, for rules that read it; 0 under others.
    package var entropy: Double
    /// Whether the token is among the gate's likeliest that `top-k-delta` admits; false under other rules.
    package var isInTop: Bool
    /// The gate's p(argmax gate q), which `bild` reads; 0 under other rules.
    package var favouriteProbability: Double
    /// TV(p, q) of the processed rows, which `opt` and `opt-log` read; 0 under other rules.
    package var variation: Double
    /// Under `block`, the residual's mass behind the accepted part of the draft, sum (P pi - q)+; 0 under other
    /// methods.
    package var blockMass: Double
    /// q(K): mass of the drafter's row that the rule keeps.
    package var keptMass: Double
    /// pi(x) / q(x): the coin's threshold, may exceed 1. Exactly 1 where x is kept, but for `block`, which multiplies
    /// up what a kept token has above 1 too.
    package var ratio: Double
    /// TV(pi, q): how probable a rejection was before the draw; what the draft-length controller learns from.
    package var rejectMass: Double
    /// The token drawn from the residual distribution, committed if x is not.
    package var residual: Token

    /// Creates evidence.
    package init(
        probability: Double,
        gateProbability: Double,
        gateMaximum: Double,
        gateArgmax: Token,
        entropy: Double,
        isInTop: Bool = false,
        favouriteProbability: Double = 0,
        variation: Double = 0,
        blockMass: Double = 0,
        keptMass: Double,
        ratio: Double,
        rejectMass: Double,
        residual: Token
    ) {
        self.probability = probability
        self.gateProbability = gateProbability
        self.gateMaximum = gateMaximum
        self.gateArgmax = gateArgmax
        self.entropy = entropy
        self.isInTop = isInTop
        self.favouriteProbability = favouriteProbability
        self.variation = variation
        self.blockMass = blockMass
        self.keptMass = keptMass
        self.ratio = ratio
        self.rejectMass = rejectMass
        self.residual = residual
    }
}
