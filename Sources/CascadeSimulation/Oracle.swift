import CascadeCore
import CascadeRules

/// What the toy expert alone answers, computed without any of the code under test but the rules' own draws.
struct Oracle {
    var tokens: [Token]
    var text: [UInt8]
    var reason: FinishReason

    /// Whether an answer to `submit` is decided by the expert alone, byte for byte: under `lossless` at temperature 0
    /// (G1), and without speculation at any temperature.
    static func decides(_ submit: Submit) -> Bool {
        (submit.sampling.isGreedy && submit.rule.rule == .lossless) || submit.draftLength == .fixed(0)
    }

    init(_ submit: Submit, seed: UInt64, language: ToyLanguage, context: Int) {
        let prompt = ToyLanguage.tokens(ofPrompt: submit.prompt)
        let spec = SequenceSpec(id: 1, seed: seed, sampling: submit.sampling, rule: submit.rule)
        let draws = PhiloxDraws(seed: seed)
        var hash = PrefixHash.extend(PrefixHash.empty, prompt)
        tokens = []
        text = []
        reason = .length
        let limit = min(Int(submit.maxTokens), context - prompt.count)
        while tokens.count < limit {
            let row = language.processed(
                language.expertRow(hash, last: tokens.last ?? prompt[prompt.count - 1]),
                submit.sampling
            )
            let token = Rules.bonus(position: prompt.count + tokens.count, p: row, spec: spec, draws: draws)
            tokens.append(token)
            hash = PrefixHash.extend(hash, [token])
            if token == 0 {
                reason = .stop
                return
            }
            for byte in ToyLanguage.pieces[Int(token)] {
                text.append(byte)
                let ended = submit.stop.filter { text.suffix($0.count).elementsEqual($0) }.map(\.count).max()
                if let ended {
                    text.removeLast(ended)
                    reason = .stop
                    return
                }
            }
        }
    }
}
