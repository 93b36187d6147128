internal import CascadeCore

/// The distributions that synthetic nodes pretend their models to have: functions of the prefix alone, which drafter
/// and expert work out on their own.
///
/// Greedy, the expert's token is a hash of the prefix, and the drafter's is the same one for a share ``acceptance`` of
/// all prefixes, by another hash. Above temperature 0 the drafter's row q has as many entries as a real one, and the
/// expert's is p = A q + (1 - A) r with an r that has no token of q: so the sum of min(p, q), which is how probable
/// acceptance is under the rule `lossless`, is A at each position.
struct SyntheticDistributions: Sendable {
    /// A.
    let acceptance: Double

    /// Tokens are printable ASCII where one is chosen, and ASCII where a row needs many: a text is valid UTF-8 anyhow.
    private static let greedyTokens = (first: UInt64(0x20), count: UInt64(95))
    private static let rowTokens = 128

    /// The expert's processed row behind the prefix with that hash.
    func expertRow(_ prefix: Hash128, _ spec: SequenceSpec) -> Distribution {
        guard spec.sampling.temperature > 0 else { return Distribution(oneHot: expertToken(prefix)) }
        let (count, weights) = rowShape(prefix, spec)
        var tokens: [Token] = []
        var shares: [Float] = []
        for index in 0..<count {
            if acceptance > 0 {
                tokens.append(Token(2 * index))
                shares.append(Float(acceptance) * weights[index])
            }
            if acceptance < 1 {
                tokens.append(Token(2 * index + 1))
                shares.append(Float(1 - acceptance) * weights[index])
            }
        }
        return Distribution(tokens: tokens, weights: shares) ?? Distribution(oneHot: expertToken(prefix))
    }

    /// The drafter's row behind the prefix with that hash.
    func draftRow(_ prefix: Hash128, _ spec: SequenceSpec) -> Distribution {
        let token = expertToken(prefix)
        guard spec.sampling.temperature > 0 else {
            // From another half of the hash than the token, so that the two are independent.
            let isEqual = Double(Self.mixed(prefix.high) >> 11) < acceptance * 0x1p53
            let next = (UInt64(token) - Self.greedyTokens.first + 1) % Self.greedyTokens.count
            return Distribution(oneHot: isEqual ? token : Token(Self.greedyTokens.first + next))
        }
        let (count, weights) = rowShape(prefix, spec)
        return Distribution(tokens: (0..<count).map { Token(2 * $0) }, weights: weights)
            ?? Distribution(oneHot: token)
    }

    /// The token that the greedy expert writes behind the prefix with that hash.
    func expertToken(_ prefix: Hash128) -> Token {
        Token(Self.greedyTokens.first + Self.mixed(prefix.low) % Self.greedyTokens.count)
    }

    /// The weights of q, on even tokens, and of r, on odd ones: falling, from a place that the prefix chooses.
    private func rowShape(_ prefix: Hash128, _ spec: SequenceSpec) -> (count: Int, weights: [Float]) {
        let count = max(1, min(spec.draftSupport, Self.rowTokens / 2))
        let start = Int(Self.mixed(prefix.low) % UInt64(count))
        let raw = (0..<count).map { 1 / Float(1 + ($0 + start) % count) }
        let total = raw.reduce(0, +)
        return (count, raw.map { $0 / total })
    }

    /// The first number of the stream that belongs to `value`.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var stream = SplitMix64(seed: value)
        return stream.next()
    }
}
