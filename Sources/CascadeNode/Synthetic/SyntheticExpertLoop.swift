internal import CascadeCore
internal import CascadeRules

/// ``ExpertLoop`` without an engine: every pass takes the requests that wait, oldest first, up to a row budget.
/// Evidence comes from the rules' own code and made-up rows. Confined to its thread.
struct SyntheticExpertLoop: WorkLoop {
    /// An expert's word on a draft.
    private struct Word {
        var evidence: [Evidence] = []
        var bonus: Token?
    }

    private typealias Queue = SyntheticQueue<Verify, Word>

    private let law: SyntheticLaw
    private var queue: Queue

    init(settings: SyntheticSettings, rowBudget: Int) {
        law = SyntheticLaw(acceptance: settings.acceptance)
        queue = SyntheticQueue(settings, rowBudget: rowBudget)
    }

    var table: SyntheticTable { queue.table }
    var pendingCount: Int { queue.count }
    var hitTokens: UInt64 { 0 }

    mutating func add(_ request: Verify) {
        let drafted = request.draft.count
        queue.add(
            request,
            fence: request.fence,
            specID: request.specID,
            spec: request.spec,
            prefix: request.prefix,
            state: Word()
        ) { drafted > 0 && $0.rule.bonus == .rule ? drafted - 1 : drafted }
    }

    mutating func release(_ sequence: SequenceID) { queue.release(sequence) }

    mutating func runPass() -> [Message] {
        queue.runPass { [law] task in
            task.state = Self.judge(task, law)
            return true
        } answer: { task in
            let verified = Verified(
                fence: task.fence,
                evidence: task.state.evidence,
                bonus: task.state.bonus,
                milliseconds: task.milliseconds,
                passes: task.passes,
                rows: task.rows
            )
            return (.verified(verified), task.request.draft.map(\.token))
        }
    }

    private static func judge(_ task: Queue.Task, _ law: SyntheticLaw) -> Word {
        let request = task.request
        let base = Int(request.prefix.baseLength)
        let draws = PhiloxDraws(seed: task.spec.seed)
        var hash = task.hash
        let evidence = Rules.evidence(draft: request.draft, base: base, spec: task.spec, draws: draws) { index in
            let p = law.expertRow(hash, task.spec)
            hash = PrefixHash.extend(hash, [request.draft[index].token])
            return (p, GateRow(p, draft: request.draft[index], settings: task.spec.rule))
        }
        guard request.draft.isEmpty || task.spec.rule.bonus == .target else { return Word(evidence: evidence) }
        let bonus = Rules.bonus(
            position: base + request.draft.count,
            p: law.expertRow(hash, task.spec),
            spec: task.spec,
            draws: draws
        )
        return Word(evidence: evidence, bonus: bonus)
    }
}
