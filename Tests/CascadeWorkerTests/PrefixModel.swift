import CascadeCore
import CascadeRules

@testable import CascadeWorker

/// A model whose rows depend on every token before them, and which writes down what each pass asks of it.
struct PrefixModel: TokenModel {
    /// Tokens of its vocabulary.
    static let vocabulary: Token = 7

    var caches = TokenCaches()
    /// What each pass fed: cache, tokens and output rows.
    private(set) var passes: [[(cache: CacheID, tokens: Int, outputs: Int)]] = []

    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
        try caches.append(batch)
        passes.append(batch.map { ($0.cache, $0.tokens.count, $0.outputs) })
        return 1
    }

    func row(_ row: Int, of entry: Int) -> DistributionRow {
        let prefix = caches.tokens(ofRow: row, entry: entry)
        return DistributionRow(raw: Self.raw(behind: prefix), processed: Self.processed(behind: prefix))
    }

    /// The row behind a prefix before sampling settings.
    static func raw(behind prefix: ArraySlice<Token>) -> Distribution { law(0, prefix) { $0 } }

    /// The row that is sampled from.
    static func processed(behind prefix: ArraySlice<Token>) -> Distribution { law(0, prefix) { $0 * $0 } }

    /// A drafter's row behind the same prefix, which is another one, and lacks a token.
    static func draft(behind prefix: ArraySlice<Token>) -> Distribution {
        let whole = law(1, prefix) { $0 }
        let least = whole.weights.min() ?? 0
        let kept = whole.tokens.indices.filter { whole.weights[$0] > least }
        return Distribution(tokens: kept.map { whole.tokens[$0] }, weights: kept.map { whole.weights[$0] }) ?? whole
    }

    /// Weights between 1 and 16, from a polynomial of all tokens of the prefix.
    private static func law(_ salt: UInt64, _ prefix: ArraySlice<Token>, _ shape: (Float) -> Float) -> Distribution {
        var state: UInt64 = 0x9E37_79B9 &+ salt
        for token in prefix { state = (state ^ UInt64(token) &+ 1) &* 0x0100_0000_01B3 &+ 12_345 }
        let weights = (0..<vocabulary).map { token in
            var bits = (state &+ UInt64(token) &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
            bits ^= bits >> 29
            return shape(Float(1 + bits >> 40 % 16))
        }
        return Distribution(tokens: Array(0..<vocabulary), weights: weights) ?? Distribution(oneHot: 0)
    }
}

/// What an expert has to say of a draft under `lossless`, by the definition: the rows behind each beginning of the
/// whole text, one after the other, without caches, passes or chunks.
struct PlainExpert {
    let spec: SequenceSpec

    /// Evidence on each drafted token behind `committed`, and the token behind the draft where one is due.
    func answer(_ committed: [Token], _ draft: [DraftedPosition]) -> (evidence: [Evidence], bonus: Token?) {
        let text = committed + draft.map(\.token)
        let evidence = draft.indices.map { index in
            let prefix = text[..<(committed.count + index)]
            return self.evidence(draft[index], behind: prefix, base: committed.count)
        }
        let isDue = draft.isEmpty || spec.rule.bonus == .target
        return (evidence, isDue ? race(PrefixModel.processed(behind: text[...]), position: text.count) : nil)
    }

    private func evidence(_ draft: DraftedPosition, behind prefix: ArraySlice<Token>, base: Int) -> Evidence {
        let (p, gate) = (PrefixModel.processed(behind: prefix), PrefixModel.raw(behind: prefix))
        let q = draft.row
        let excess = p.tokens.map { max(0, p.probability(of: $0) - q.probability(of: $0)) }
        let mass = excess.reduce(0, +)
        let key = DrawKey(.residual, position: prefix.count, base: base, sample: spec.sample)
        let goal = PhiloxDraws(seed: spec.seed).uniform(key) * mass
        var sum = 0.0
        let residual = excess.indices.first { index in
            sum += excess[index]
            return sum > goal
        }
        let largest = gate.tokens.map { gate.probability(of: $0) }.max() ?? 0
        return Evidence(
            probability: p.probability(of: draft.token),
            gateProbability: gate.probability(of: draft.token),
            gateMaximum: largest,
            gateArgmax: gate.tokens.first { gate.probability(of: $0) == largest } ?? 0,
            entropy: 0,
            keptMass: 0,
            ratio: p.probability(of: draft.token) / q.probability(of: draft.token),
            rejectMass: mass,
            residual: residual.map { p.tokens[$0] } ?? 0
        )
    }

    /// Each token arrives at an exponential time; the first wins.
    private func race(_ row: Distribution, position: Int) -> Token {
        let draws = PhiloxDraws(seed: spec.seed)
        let key = DrawKey(.token, position: position, base: 0, sample: spec.sample)
        let times = row.tokens.map { -Math.log1p(-draws.uniform(key.entrant($0))) / row.probability(of: $0) }
        return row.tokens[times.firstIndex(of: times.min() ?? 0) ?? 0]
    }
}
