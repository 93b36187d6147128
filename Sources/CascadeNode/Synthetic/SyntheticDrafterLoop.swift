internal import CascadeCore
internal import CascadeRules

/// ``DrafterLoop`` without an engine: every pass moves each drafting sequence by one token. Confined to its thread.
struct SyntheticDrafterLoop: WorkLoop {
    private struct Task {
        var request: Draft
        var spec: SequenceSpec
        /// Tokens still to be fed.
        var feed: Int
        /// Hash of all tokens before the next drafted one.
        var hash: Hash128
        var positions: [DraftedPosition] = []
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

    mutating func add(_ request: Draft) {
        guard !tasks.contains(where: { $0.request.fence == request.fence }) else { return }
        tasks.removeAll { $0.request.fence.sequence == request.fence.sequence }
        let sequence = request.fence.sequence
        switch table.resolve(sequence, specID: request.specID, spec: request.spec, prefix: request.prefix) {
        case .missing(let length, let needsSpec):
            answers.append(.missing(Missing(fence: request.fence, length: UInt32(length), needsSpec: needsSpec)))
        case .ready(let spec, let feed, let hash):
            tasks.append(Task(request: request, spec: spec, feed: feed, hash: hash))
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
        var isDone: [Bool] = []
        let milliseconds = pass.run(rows: rows) {
            isDone = fed.indices.map { index in
                tasks[index].feed -= fed[index]
                return tasks[index].feed == 0 && draw(&tasks[index])
            }
        }
        for index in fed.indices.reversed() {
            tasks[index].milliseconds += milliseconds
            if isDone[index] { answer(tasks.remove(at: index)) }
        }
        return answers
    }

    /// Draws a sequence's next token; whether its draft is complete.
    private func draw(_ task: inout Task) -> Bool {
        let request = task.request
        let q = law.draftRow(task.hash, task.spec)
        if request.minimumConfidence > 0, q.largestProbability < request.minimumConfidence { return true }
        let base = Int(request.prefix.baseLength)
        let token = Rules.draw(
            draft: q,
            position: base + task.positions.count,
            base: base,
            spec: task.spec,
            draws: PhiloxDraws(seed: task.spec.seed)
        )
        let gate = DraftGate(q, token: token, settings: task.spec.rule)
        task.positions.append(DraftedPosition(token: token, row: q, gate: gate))
        task.hash = PrefixHash.extend(task.hash, [token])
        task.feed = 1
        return task.positions.count >= Int(request.count)
    }

    private mutating func answer(_ task: Task) {
        let fence = task.request.fence
        // The last drafted token was not fed, as with a model.
        table.append(task.positions.dropLast().map(\.token), to: fence.sequence)
        answers.append(.drafted(Drafted(fence: fence, positions: task.positions, milliseconds: task.milliseconds)))
    }
}
