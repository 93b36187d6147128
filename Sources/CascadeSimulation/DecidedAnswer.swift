import CascadeCore
import CascadeRules
import CascadeWorker

/// What an answer must be where the toy models and the rule decide its every byte (decisions.md 7), computed one
/// position at a time with none of the code under test but the rules.
package struct DecidedAnswer {
    /// What decides an answer.
    package enum Guarantee: String, CaseIterable, Sendable {
        /// The expert alone: `lossless` at temperature 0 (G1) or coupled (G2), or nothing drafted.
        case expert
        /// Expert, drafter and rule: another rule at temperature 0 or coupled, each position judged by it (G3).
        case ruled
    }

    let guarantee: Guarantee
    private(set) var tokens: [Token] = []
    private(set) var text: [UInt8] = []
    private(set) var reason = FinishReason.length

    /// Nil where chance has a say that depends on how the answer was cut into rounds.
    init?(_ submit: Submit, _ report: JobReport, language: ToyLanguage, context: Int) {
        guard let guarantee = Self.guarantee(of: submit, report) else { return nil }
        self.guarantee = guarantee
        let prompt = ToyLanguage.tokens(ofPrompt: submit.prompt)
        let spec = SequenceSpec(
            id: 1,
            seed: report.seed,
            sampling: submit.sampling,
            rule: submit.rule,
            guardTokens: ToyLanguage.vocabulary.endTokens,
            promptLength: prompt.count
        )
        var hash = PrefixHash.extend(PrefixHash.empty, prompt)
        let limit = min(Int(submit.maxTokens), context - prompt.count)
        while tokens.count < limit {
            let position = prompt.count + tokens.count
            let last = tokens.last ?? prompt[prompt.count - 1]
            let chain = PlainChain(submit, prompt: prompt, answer: tokens)
            let token = Self.token(guarantee, position, hash, last, spec, language, chain)
            tokens.append(token)
            hash = PrefixHash.extend(hash, [token])
            if token == 0 || endsText(token, submit.stop) {
                reason = .stop
                break
            }
        }
        leaveOutHalfCharacter()
    }

    /// What decides an answer to `submit`, given how it came to be.
    private static func guarantee(of submit: Submit, _ report: JobReport) -> Guarantee? {
        let isFixed = submit.sampling.isGreedy || submit.rule.verifyMethod == .coupled
        if submit.draftLength == .fixed(0) || (isFixed && submit.rule.rule == .lossless) { return .expert }
        let isRuled = report.counts.unruledPositions == 0 && report.counts.lookupDrafted == 0
        return isFixed && isRuled && !submit.rule.rule.isSequential ? .ruled : nil
    }

    private static func token(
        _ guarantee: Guarantee,
        _ position: Int,
        _ prefix: Hash128,
        _ last: Token,
        _ spec: SequenceSpec,
        _ language: ToyLanguage,
        _ chain: PlainChain
    ) -> Token {
        let draws = PhiloxDraws(seed: spec.seed)
        let raw = chain.row(behind: language.expertRow(prefix, last: last))
        let p = language.processed(raw, spec.sampling)
        if guarantee == .expert { return Rules.bonus(position: position, p: p, spec: spec, draws: draws) }
        let rawDraft = chain.row(behind: language.drafterRow(prefix, last: last))
        let row = language.processed(rawDraft, spec.sampling).cut(toShare: ShippedRow.share)
        let token = Rules.draw(draft: row, position: position, base: position, spec: spec, draws: draws)
        let isRaw = spec.rule.gate == .raw
        let gate = DraftGate(isRaw ? rawDraft : row, token: token, settings: spec.rule)
        let draft = DraftedPosition(token: token, row: row, gate: gate)
        let evidence = Rules.evidence(draft: [draft], base: position, spec: spec, draws: draws) { _ in
            (p, GateRow(isRaw ? raw : p, draft: draft, settings: spec.rule))
        }
        let outcome = Rules.walk(
            draft: [draft],
            evidence: evidence,
            bonus: nil,
            base: position,
            spec: spec,
            draws: draws
        )
        return outcome.tokens[0]
    }

    /// Appends a token's text; whether a stop string ends it there.
    private mutating func endsText(_ token: Token, _ stop: [[UInt8]]) -> Bool {
        for byte in ToyLanguage.pieces[Int(token)] {
            text.append(byte)
            if let ended = stop.filter({ text.suffix($0.count).elementsEqual($0) }).map(\.count).max() {
                text.removeLast(ended)
                return true
            }
        }
        return false
    }

    /// An answer's text ends with a whole character.
    private mutating func leaveOutHalfCharacter() {
        guard text.last.map({ $0 >= 0x80 }) == true else { return }
        let half = (1...3).first { $0 <= text.count && Self.beginsCharacter(Array(text.suffix($0))) }
        text.removeLast(half ?? 0)
    }

    /// Whether more bytes make one character of these: behind every beginning of one, one of three bytes can come.
    private static func beginsCharacter(_ bytes: [UInt8]) -> Bool {
        guard bytes.count < 4 else { return false }
        return ([0x80, 0x90, 0xA0] as [UInt8]).contains { next in
            let longer = bytes + [next]
            return String(validating: longer, as: UTF8.self)?.unicodeScalars.count == 1 || beginsCharacter(longer)
        }
    }
}

/// Penalties and bias once more, token by token as the formulas stand in ``LogitsAdjustment``: what a row becomes whose
/// logits are the logarithms of its probabilities. Behind them what the constraint allows.
private struct PlainChain {
    private let sampling: SamplingSettings
    private let constraint: ToyConstraint?
    private let prompt: [Token]
    private let answer: [Token]

    init(_ submit: Submit, prompt: [Token], answer: [Token]) {
        (sampling, constraint) = (submit.sampling, ToyConstraint(of: submit))
        (self.prompt, self.answer) = (prompt, answer)
    }

    func row(behind row: Distribution) -> Distribution {
        let row = penalised(row)
        return constraint.map { $0.row(row, behind: answer) } ?? row
    }

    private func penalised(_ row: Distribution) -> Distribution {
        let isOff = sampling == SamplingSettings(temperature: sampling.temperature)
        if isOff { return row }
        let weights = row.tokens.map { token in
            var logit = Math.log(row.probability(of: token))
            let count = answer.count { $0 == token }
            if count > 0 || prompt.contains(token) {
                logit = logit > 0 ? logit / sampling.repetitionPenalty : logit * sampling.repetitionPenalty
            }
            logit -= sampling.frequencyPenalty * Double(count)
            if count > 0 { logit -= sampling.presencePenalty }
            logit += sampling.logitBias.first { $0.token == token }?.bias ?? 0
            return Float(Math.exp(logit))
        }
        let left = weights.indices.filter { weights[$0] > 0 }
        return Distribution(tokens: left.map { row.tokens[$0] }, weights: left.map { weights[$0] }) ?? row
    }
}
