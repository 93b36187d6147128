import CascadeCore
import CascadeRules

/// What the toy models compute, with the real rules.
extension SimulatedNode {
    /// A token that the rule made of an expert's word behind a prefix.
    struct Verdict: Hashable, Sendable {
        let sequence: SequenceID
        let prefix: Hash128
        let token: Token
    }

    /// The reply to a request, and what it vouches for.
    mutating func carryOut(_ request: Message, _ language: ToyLanguage) -> (reply: Message, verdicts: [Verdict])? {
        switch request {
        case .draft(let draft): (carryOut(draft, language), [])
        case .verify(let verify): carryOut(verify, language)
        default: nil
        }
    }

    private mutating func carryOut(_ request: Draft, _ language: ToyLanguage) -> Message {
        let finding = memory.take(
            request.prefix,
            request.fence.sequence,
            specID: request.specID,
            spec: request.spec
        )
        guard case .found(var cache, let spec) = finding else { return missing(finding, request.fence) }
        let base = cache.tokens.count
        let draws = PhiloxDraws(seed: spec.seed)
        var positions: [DraftedPosition] = []
        var hash = cache.hashes[base]
        for index in 0..<Int(request.count) {
            let raw = language.drafterRow(hash, last: positions.last?.token ?? cache.tokens[base - 1])
            let confidence = Double(raw.weights.max() ?? 0) / raw.total
            if confidence < request.minimumConfidence { break }
            let row = language.processed(raw, spec.sampling)
            let token = Rules.draw(draft: row, position: base + index, base: base, spec: spec, draws: draws)
            let gate = DraftGate(spec.rule.gate == .raw ? raw : row, token: token, settings: spec.rule)
            positions.append(DraftedPosition(token: token, row: row, gate: gate))
            hash = PrefixHash.extend(hash, [token])
        }
        let time = Double(milliseconds(for: .draft(request)))
        let passes = UInt32(max(1, positions.count))
        // The last drafted token is never fed.
        cache.append(positions.dropLast().map(\.token))
        memory.keep(cache)
        return .drafted(
            Drafted(fence: request.fence, positions: positions, milliseconds: time, passes: passes, rows: passes)
        )
    }

    private mutating func carryOut(_ request: Verify, _ language: ToyLanguage) -> (Message, [Verdict]) {
        let sequence = request.fence.sequence
        let finding = memory.take(request.prefix, sequence, specID: request.specID, spec: request.spec)
        guard case .found(var cache, let spec) = finding else { return (missing(finding, request.fence), []) }
        let base = cache.tokens.count
        let draws = PhiloxDraws(seed: spec.seed)
        let evidence = Rules.evidence(draft: request.draft, base: base, spec: spec, draws: draws) { index in
            if index > 0 { cache.append([request.draft[index - 1].token]) }
            let length = cache.tokens.count
            let raw = language.expertRow(cache.hashes[length], last: cache.tokens[length - 1])
            let p = language.processed(raw, spec.sampling)
            let gate = GateRow(spec.rule.gate == .raw ? raw : p, draft: request.draft[index], settings: spec.rule)
            return (p, gate)
        }
        if let last = request.draft.last { cache.append([last.token]) }
        var bonus: Token?
        if request.draft.isEmpty || spec.rule.bonus == .target {
            let position = cache.tokens.count
            let raw = language.expertRow(cache.hashes[position], last: cache.tokens[position - 1])
            let p = language.processed(raw, spec.sampling)
            bonus = Rules.bonus(position: position, p: p, spec: spec, draws: draws)
        } else {
            cache.cut(to: cache.tokens.count - 1)
        }
        var hash = cache.hashes[base]
        memory.keep(cache)
        // What the rule makes of this word: that and nothing else may be committed.
        let outcome = Rules.walk(
            draft: request.draft,
            evidence: evidence,
            bonus: bonus,
            base: base,
            spec: spec,
            draws: draws
        )
        let verdicts = outcome.tokens.map { token in
            defer { hash = PrefixHash.extend(hash, [token]) }
            return Verdict(sequence: sequence, prefix: hash, token: token)
        }
        let time = Double(milliseconds(for: .verify(request)))
        let reply = Verified(
            fence: request.fence,
            evidence: evidence,
            bonus: bonus,
            milliseconds: time,
            passes: 1,
            rows: UInt32(1 + request.draft.count)
        )
        return (.verified(reply), verdicts)
    }

    private func missing(_ finding: NodeMemory.Finding, _ fence: Fence) -> Message {
        guard case .missing(let length, let needsSpec) = finding else {
            preconditionFailure("only what is missing is missing")
        }
        return .missing(Missing(fence: fence, length: UInt32(length), needsSpec: needsSpec))
    }

    /// Turns an honest reply into one that breaks a rule.
    func spoil(_ reply: Message, _ random: inout SimulationRandom) -> Message {
        let outside = Token(ToyLanguage.vocabulary.count)
        switch reply {
        case .drafted(var drafted):
            if drafted.positions.isEmpty || random.chance(0.5) {
                let position = DraftedPosition(token: 1, row: Distribution(oneHot: 1), gate: DraftGate(maximum: 1))
                drafted.positions += [DraftedPosition](repeating: position, count: 40)
            } else {
                drafted.positions[0] = DraftedPosition(
                    token: outside,
                    row: Distribution(oneHot: outside),
                    gate: DraftGate(maximum: 1)
                )
            }
            return .drafted(drafted)
        case .verified(var verified):
            switch random.pick(0...3) {
            case 0: verified.bonus = verified.bonus == nil ? 1 : nil
            case 1 where verified.bonus != nil: verified.bonus = outside
            case 2 where !verified.evidence.isEmpty: verified.evidence[0].residual = outside
            case 3 where !verified.evidence.isEmpty: verified.evidence.removeLast()
            default: verified.bonus = verified.bonus == nil ? 1 : nil
            }
            return .verified(verified)
        case .missing(var missing):
            missing.length = .max >> 2
            return .missing(missing)
        default: return reply
        }
    }
}
