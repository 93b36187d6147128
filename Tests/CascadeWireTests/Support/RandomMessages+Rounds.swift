import CascadeCore

@testable import CascadeWire

/// What coordinator and nodes say in a round.
extension SplitMix64 {
    mutating func fence() -> Fence {
        Fence(
            boot: next(),
            incarnation: next(),
            sequence: SequenceID(job: job(), sample: pick(0...8)),
            round: count()
        )
    }

    mutating func spec(id: UInt64) -> SequenceSpec {
        let sampling = sampling()
        var rule = rule()
        while rule.problem(sampling: sampling) != nil { rule = self.rule() }
        return SequenceSpec(
            id: id,
            seed: next(),
            sample: pick(0...8),
            sampling: sampling,
            rule: rule,
            guardTokens: list(upTo: 4) { $0.token() },
            promptLength: pick(0...1 << 20),
            draftSupport: pick(1...1024),
            logprobs: maybe { $0.pick(0...20) },
            constraint: maybe { $0.constraint() }
        )
    }

    mutating func prefix() -> Prefix {
        let tail = list(upTo: 20) { $0.token() }
        return Prefix(baseLength: UInt32(tail.count) + pick(0...5000), hash: hash(), tail: tail)
    }

    /// A drafted position with up to `entries` entries, one-hot in one case of three.
    mutating func position(entries: Int) -> DraftedPosition {
        let token = token()
        var ids: Set<Token> = [token]
        if !once(in: 3) { ids.formUnion((0..<pick(0...entries - 1)).map { _ in self.token() }) }
        let tokens = ids.sorted()
        let weights = tokens.map { _ in
            once(in: 4) ? 1 : Float.random(in: Float.leastNonzeroMagnitude...2, using: &self)
        }
        guard let row = Distribution(tokens: tokens, weights: weights) else { fatalError("not a row: \(tokens)") }
        return DraftedPosition(token: token, row: row, gate: gate())
    }

    mutating func gate() -> DraftGate {
        if once(in: 2) { return DraftGate(maximum: probability()) }
        return DraftGate(
            maximum: probability(),
            argmax: token(),
            probability: probability(),
            entropy: Double.random(in: 0...12, using: &self)
        )
    }

    mutating func positions() -> [DraftedPosition] { list(upTo: 6) { $0.position(entries: 64) } }

    mutating func draft() -> Draft {
        let id = next()
        return Draft(
            fence: fence(),
            specID: id,
            spec: maybe { $0.spec(id: id) },
            prefix: prefix(),
            count: pick(1...64),
            minimumConfidence: Double.random(in: 0...1, using: &self)
        )
    }

    mutating func verify() -> Verify {
        let id = next()
        return Verify(fence: fence(), specID: id, spec: maybe { $0.spec(id: id) }, prefix: prefix(), draft: positions())
    }

    mutating func evidence() -> Evidence {
        Evidence(
            probability: probability(),
            gateProbability: probability(),
            gateMaximum: probability(),
            gateArgmax: token(),
            entropy: Double.random(in: 0...12, using: &self),
            isInTop: once(in: 4),
            favouriteProbability: once(in: 2) ? 0 : probability(),
            variation: once(in: 2) ? 0 : probability(),
            blockMass: once(in: 2) ? 0 : probability(),
            keptMass: probability(),
            ratio: Double.random(in: 0...1e9, using: &self),
            rejectMass: probability(),
            residual: token()
        )
    }

    mutating func verified() -> Verified {
        let evidence = list(upTo: 6) { $0.evidence() }
        let bonus = maybe { $0.token() }
        let rows = once(in: 2) ? evidence.count + (bonus == nil ? 0 : 1) : 0
        return Verified(
            fence: fence(),
            evidence: evidence,
            bonus: bonus,
            logprobs: (0..<rows).map { _ in rowLogprobs() },
            milliseconds: duration(),
            passes: count(),
            rows: count()
        )
    }
    mutating func rankedLogprob() -> RankedLogprob {
        RankedLogprob(once(in: 4) ? Logprobs.least : Double.random(in: -50...0, using: &self), rank: pick(1...1 << 30))
    }

    mutating func top() -> [TopLogprob] {
        list(upTo: 20) { TopLogprob($0.token(), Double.random(in: -50...0, using: &$0)) }
    }

    mutating func rowLogprobs() -> RowLogprobs {
        RowLogprobs(drafted: maybe { $0.rankedLogprob() }, own: rankedLogprob(), top: top())
    }
}
