internal import CascadeCore
internal import CascadeModel
internal import CascadeRules

/// The drafter's loop: every pass moves each drafting sequence by one token, and feeds prompts in chunks beside them.
/// Confined to the engine thread.
struct DrafterLoop: WorkLoop {
    private struct Task {
        var request: Draft
        var spec: SequenceSpec
        var cache: SequenceCache
        /// Committed tokens still to be fed, or the token drafted last.
        var feed: ArraySlice<Token>
        var positions: [DraftedPosition] = []
        var milliseconds = 0.0
        /// Passes that it had a part in, and all rows of those.
        var passes: UInt32 = 0
        var rows: UInt32 = 0
    }

    /// How much of a row's mass is shipped, at least: the rest is a long tail of entries that are hardly ever drawn.
    private static let draftShare = 1 - 1e-4

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

    mutating func add(_ request: Draft) {
        guard !tasks.contains(where: { $0.request.fence == request.fence }) else { return }
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
        case .ready(let spec, let cache, let feed):
            tasks.append(Task(request: request, spec: spec, cache: cache, feed: feed))
        }
    }

    mutating func release(_ sequence: SequenceID) {
        tasks.removeAll { $0.request.fence.sequence == sequence }
        table.release(sequence)
    }

    mutating func runPass() -> [Message] {
        defer { answers = [] }
        for index in tasks.indices { table.reuse(tasks[index].cache, &tasks[index].feed, leaving: 1) }
        let feeds = tasks.map { RowPlan.Feed(count: $0.feed.count, wanted: 1) }
        let batch = RowPlan.rows(of: feeds, budget: rowBudget).map { (task: $0.index, count: $0.count) }
        if !batch.isEmpty { run(batch) }
        return answers
    }

    private mutating func run(_ batch: [(task: Int, count: Int)]) {
        let segments = batch.map { item in
            let task = tasks[item.task]
            return Segment(
                cache: task.cache,
                tokens: task.feed.prefix(item.count),
                logits: item.count == task.feed.count ? 1 : 0
            )
        }
        let started = MonotonicTime.now()
        do {
            let working = tasks
            try table.forward(segments) { id in working.contains { $0.request.fence.sequence == id } }
        } catch {
            guard let last = batch.last else { return }
            let task = tasks.remove(at: last.task)
            answers.append(.failed(Failed(fence: task.request.fence, code: .nodeFailed, message: "\(error)")))
            return
        }
        let milliseconds = MonotonicTime.seconds(since: started) * 1_000
        let rows = UInt32(batch.reduce(0) { $0 + $1.count })
        var done: [Int] = []
        for (segment, item) in batch.enumerated() {
            tasks[item.task].milliseconds += milliseconds
            tasks[item.task].passes += 1
            tasks[item.task].rows += rows
            tasks[item.task].feed.removeFirst(item.count)
            guard tasks[item.task].feed.isEmpty else { continue }
            if let answer = draw(&tasks[item.task], segment: segment) {
                answers.append(answer)
                done.append(item.task)
            }
        }
        for index in done.reversed() { tasks.remove(at: index) }
    }

    /// Draws the next token of a sequence from its row; the answer once the draft is complete.
    private func draw(_ task: inout Task, segment: Int) -> Message? {
        let fence = task.request.fence
        let base = Int(task.request.prefix.baseLength)
        do {
            let row = try engine.row(segment: segment, row: 0)
            // Tested before the token is drawn: looking at the token itself would bias the law (decisions.md 2).
            let leastConfidence = task.request.minimumConfidence
            if leastConfidence > 0, row.maximumProbability < leastConfidence { return answer(task) }
            // Cut before it is sampled from: what is shipped is the law that was drawn from, however short it is.
            let q = row.distribution(task.spec.sampling, support: task.spec.draftSupport).cut(toShare: Self.draftShare)
            let token = Rules.draw(
                draft: q,
                position: base + task.positions.count,
                base: base,
                spec: task.spec,
                draws: PhiloxDraws(seed: task.spec.seed)
            )
            let gate = row.draftGate(task.spec.rule, token: token, processed: q)
            task.positions.append(DraftedPosition(token: token, row: q, gate: gate))
            // Behind an end token there is nothing to draft.
            let isEnd = task.spec.guardTokens.contains(token)
            if task.positions.count >= Int(task.request.count) || isEnd { return answer(task) }
            task.feed = [token]
            return nil
        } catch {
            return .failed(Failed(fence: fence, code: .nodeFailed, message: "\(error)"))
        }
    }

    private func answer(_ task: Task) -> Message {
        .drafted(
            Drafted(
                fence: task.request.fence,
                positions: task.positions,
                milliseconds: task.milliseconds,
                passes: task.passes,
                rows: task.rows
            )
        )
    }
}
