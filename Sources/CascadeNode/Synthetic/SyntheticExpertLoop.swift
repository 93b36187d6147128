internal import CascadeCore
internal import CascadeRules

/// ``ExpertLoop`` without an engine: every pass takes the requests that wait, oldest first, up to a row budget. Evidence
/// comes from the rules' own code and made-up rows. Confined to its thread.
struct SyntheticExpertLoop: WorkLoop {
    private struct Task {
        var request: Verify
        var spec: SequenceSpec
        /// Tokens still to be fed, drafted ones included.
        var feed: Int
        /// Hash of the committed tokens.
        var hash: Hash128
        var milliseconds = 0.0
    }

    private let law: SyntheticLaw
    private let pass: SyntheticPass
    private let rowBudget: Int
    private(set) var table = SyntheticTable()
    /// Oldest first.
    private var tasks: [Task] = []
    private var answers: [Message] = []

    init(settings: SyntheticSettings, rowBudget: Int) {
        law = SyntheticLaw(acceptance: settings.acceptance)
        pass = SyntheticPass(settings.costs)
        self.rowBudget = rowBudget
    }

    var pendingCount: Int { tasks.count }
    var hitTokens: UInt64 { 0 }

    mutating func add(_ request: Verify) {
        guard !tasks.contains(where: { $0.request.fence == request.fence }) else { return }
        tasks.removeAll { $0.request.fence.sequence == request.fence.sequence }
        let sequence = request.fence.sequence
        switch table.resolve(sequence, specID: request.specID, spec: request.spec, prefix: request.prefix) {
        case .missing(let length, let needsSpec):
            answers.append(.missing(Missing(fence: request.fence, length: UInt32(length), needsSpec: needsSpec)))
        case .ready(let spec, let feed, let hash):
            let drafted = request.draft.count
            let fedDraft = drafted > 0 && spec.rule.bonus == .rule ? drafted - 1 : drafted
            tasks.append(Task(request: request, spec: spec, feed: feed + fedDraft, hash: hash))
        }
    }

    mutating func release(_ sequence: SequenceID) {
        tasks.removeAll { $0.request.fence.sequence == sequence }
        table.release(sequence)
    }

    mutating func runPass() -> [Message] {
        defer { answers = [] }
        var rows = 0
        var fed: [Int] = []
        for task in tasks where rows < rowBudget {
            fed.append(min(task.feed, rowBudget - rows))
            rows += fed[fed.count - 1]
        }
        guard rows > 0 else { return answers }
        var verdicts: [Verified?] = []
        let milliseconds = pass.run(rows: rows) {
            verdicts = fed.indices.map { index in
                tasks[index].feed -= fed[index]
                return tasks[index].feed == 0 ? judge(tasks[index]) : nil
            }
        }
        for index in fed.indices.reversed() {
            tasks[index].milliseconds += milliseconds
            guard var verified = verdicts[index] else { continue }
            verified.milliseconds = tasks[index].milliseconds
            table.append(tasks[index].request.draft.map(\.token), to: verified.fence.sequence)
            answers.append(.verified(verified))
            tasks.remove(at: index)
        }
        return answers
    }

    private func judge(_ task: Task) -> Verified {
        let request = task.request
        let base = Int(request.prefix.baseLength)
        let draws = PhiloxDraws(seed: task.spec.seed)
        var hash = task.hash
        let evidence = Rules.evidence(draft: request.draft, base: base, spec: task.spec, draws: draws) { index in
            let p = law.expertRow(hash, task.spec)
            hash = PrefixHash.extend(hash, [request.draft[index].token])
            return (p, GateRow(p, draft: request.draft[index], settings: task.spec.rule))
        }
        var bonus: Token?
        if request.draft.isEmpty || task.spec.rule.bonus == .target {
            bonus = Rules.bonus(
                position: base + request.draft.count,
                p: law.expertRow(hash, task.spec),
                spec: task.spec,
                draws: draws
            )
        }
        return Verified(fence: request.fence, evidence: evidence, bonus: bonus)
    }
}
