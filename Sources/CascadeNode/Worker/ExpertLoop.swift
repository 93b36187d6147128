internal import CascadeCore
internal import CascadeModel
internal import CascadeRules

/// The expert's loop: every pass takes the Verify requests that wait, oldest first, up to a row budget; a long prompt
/// is fed in chunks between the others' rounds. Confined to the engine thread.
struct ExpertLoop: WorkLoop {
    private struct Task {
        var request: Verify
        var spec: SequenceSpec
        var cache: SequenceCache
        /// Committed tokens still to be fed, then the drafted ones.
        var feed: ArraySlice<Token>
        var milliseconds = 0.0
        /// Passes that it had a part in, and all rows of those.
        var passes: UInt32 = 0
        var rows: UInt32 = 0

        /// Rows whose logits are wanted: one for each judged position, one for the bonus token.
        var wantedRows: Int {
            let drafted = request.draft.count
            return drafted > 0 && spec.rule.bonus == .rule ? drafted : drafted + 1
        }
    }

    private let engine: Engine
    private let rowBudget: Int
    private var table: SequenceTable
    /// Oldest first.
    private var tasks: [Task] = []
    private var answers: [Message] = []

    init(engine: Engine, rowBudget: Int) {
        self.engine = engine
        self.rowBudget = rowBudget
        table = SequenceTable(engine: engine)
    }

    var pendingCount: Int { tasks.count }
    var hitTokens: UInt64 { table.hitTokens }

    mutating func add(_ request: Verify) {
        // A retry of a request in work: its answer is on the way.
        guard !tasks.contains(where: { $0.request.fence == request.fence }) else { return }
        // A newer round of the sequence: the older one's answer would be stale.
        tasks.removeAll { $0.request.fence.sequence == request.fence.sequence }
        switch table.resolve(
            request.fence.sequence,
            specID: request.specID,
            spec: request.spec,
            prefix: request.prefix
        ) {
        case .missing(let length, let needsSpec):
            answers.append(
                .missing(Missing(fence: request.fence, length: UInt32(length), needsSpec: needsSpec))
            )
        case .ready(let spec, let cache, let committed):
            var task = Task(request: request, spec: spec, cache: cache, feed: committed)
            let isLastFed = task.wantedRows > request.draft.count
            task.feed += request.draft.dropLast(isLastFed ? 0 : 1).map(\.token)
            tasks.append(task)
        }
    }

    mutating func release(_ sequence: SequenceID) {
        tasks.removeAll { $0.request.fence.sequence == sequence }
        table.release(sequence)
    }

    mutating func runPass() -> [Message] {
        defer { answers = [] }
        let batch = takeBatch()
        if !batch.isEmpty { run(batch) }
        return answers
    }

    /// Chooses this pass's rows: whole requests or, of a long one, the next chunk. Rows whose logits are wanted are
    /// never split over passes.
    private mutating func takeBatch() -> [(task: Int, count: Int)] {
        for index in tasks.indices {
            table.reuse(tasks[index].cache, &tasks[index].feed, leaving: tasks[index].wantedRows)
        }
        let feeds = tasks.map { RowPlan.Feed(count: $0.feed.count, wanted: $0.wantedRows) }
        return RowPlan.rows(of: feeds, budget: rowBudget).map { (task: $0.index, count: $0.count) }
    }

    private mutating func run(_ batch: [(task: Int, count: Int)]) {
        let segments = batch.map { item in
            let task = tasks[item.task]
            let isWhole = item.count == task.feed.count
            return Segment(
                cache: task.cache,
                tokens: task.feed.prefix(item.count),
                logits: isWhole ? task.wantedRows : 0
            )
        }
        let started = MonotonicTime.now()
        do {
            let working = tasks
            try table.forward(segments) { id in working.contains { $0.request.fence.sequence == id } }
        } catch {
            return fail(batch, "\(error)")
        }
        let milliseconds = MonotonicTime.seconds(since: started) * 1_000
        let rows = UInt32(batch.reduce(0) { $0 + $1.count })
        var done: [Int] = []
        for (segment, item) in batch.enumerated() {
            tasks[item.task].milliseconds += milliseconds
            tasks[item.task].passes += 1
            tasks[item.task].rows += rows
            tasks[item.task].feed.removeFirst(item.count)
            if tasks[item.task].feed.isEmpty {
                answers.append(judge(tasks[item.task], segment: segment))
                done.append(item.task)
            }
        }
        for index in done.reversed() { tasks.remove(at: index) }
    }

    /// A pass that could not run fails its youngest request alone: the others may fit without it.
    private mutating func fail(_ batch: [(task: Int, count: Int)], _ message: String) {
        guard let last = batch.last else { return }
        let task = tasks.remove(at: last.task)
        answers.append(.failed(Failed(fence: task.request.fence, code: .nodeFailed, message: message)))
    }

    private func judge(_ task: Task, segment: Int) -> Message {
        let request = task.request
        let base = Int(request.prefix.baseLength)
        let draws = PhiloxDraws(seed: task.spec.seed)
        do {
            let evidence = try Rules.evidence(draft: request.draft, base: base, spec: task.spec, draws: draws) {
                index in
                let row = try engine.row(segment: segment, row: index)
                let p = row.distribution(task.spec.sampling)
                return (p, row.gate(task.spec.rule, draft: request.draft[index], processed: p))
            }
            var bonus: Token?
            if task.wantedRows > request.draft.count {
                let row = try engine.row(segment: segment, row: request.draft.count)
                bonus = Rules.bonus(
                    position: base + request.draft.count,
                    p: row.distribution(task.spec.sampling),
                    spec: task.spec,
                    draws: draws
                )
            }
            return .verified(
                Verified(
                    fence: request.fence,
                    evidence: evidence,
                    bonus: bonus,
                    milliseconds: task.milliseconds,
                    passes: task.passes,
                    rows: task.rows
                )
            )
        } catch {
            return .failed(Failed(fence: request.fence, code: .nodeFailed, message: "\(error)"))
        }
    }
}
