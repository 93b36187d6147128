internal import CascadeCore
internal import CascadeRules

/// ``DrafterLoop`` without an engine: every pass moves each drafting sequence by one token. Confined to its thread.
struct SyntheticDrafterLoop: WorkLoop {
    private typealias Queue = SyntheticQueue<Draft, [DraftedPosition]>

    private let law: SyntheticLaw
    private var queue: Queue

    init(settings: SyntheticSettings, rowBudget: Int) {
        law = SyntheticLaw(acceptance: settings.acceptance)
        queue = SyntheticQueue(settings, rowBudget: rowBudget)
    }

    var table: SyntheticTable { queue.table }
    var pendingCount: Int { queue.count }
    var hitTokens: UInt64 { 0 }

    mutating func add(_ request: Draft) {
        queue.add(
            request,
            fence: request.fence,
            specID: request.specID,
            spec: request.spec,
            prefix: request.prefix,
            state: []
        ) { _ in 0 }
    }

    mutating func release(_ sequence: SequenceID) { queue.release(sequence) }

    mutating func runPass() -> [Message] {
        queue.runPass { [law] in
            Self.draw(&$0, law)
        } answer: { task in
            let drafted = Drafted(
                fence: task.fence,
                positions: task.state,
                milliseconds: task.milliseconds,
                passes: task.passes,
                rows: task.rows
            )
            // The last drafted token was not fed, as with a model.
            return (.drafted(drafted), task.state.dropLast().map(\.token))
        }
    }

    /// Draws a sequence's next token; whether its draft is complete.
    private static func draw(_ task: inout Queue.Task, _ law: SyntheticLaw) -> Bool {
        let q = law.draftRow(task.hash, task.spec)
        let leastConfidence = task.request.minimumConfidence
        if leastConfidence > 0, q.largestProbability < leastConfidence { return true }
        let base = Int(task.request.prefix.baseLength)
        let token = Rules.draw(
            draft: q,
            position: base + task.state.count,
            base: base,
            spec: task.spec,
            draws: PhiloxDraws(seed: task.spec.seed)
        )
        task.state.append(
            DraftedPosition(token: token, row: q, gate: DraftGate(q, token: token, settings: task.spec.rule))
        )
        task.hash = PrefixHash.extend(task.hash, [token])
        task.feed = 1
        return task.state.count >= Int(task.request.count)
    }
}
