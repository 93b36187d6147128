package import CascadeCore
internal import CascadeRules

/// What a drafter ships of a row.
package enum ShippedRow {
    /// How much of the row's mass, at least: the rest is a long tail of entries that are hardly ever drawn.
    package static let share = 1 - 1e-4
}

/// What a drafter or expert does with its model: requests come in, each pass moves all of them forward, those that are
/// finished are answered.
///
/// Each pass takes the requests that wait, up to a number of tokens. A drafting sequence goes on by one token, a
/// verification is done in one pass; long prompts are fed in chunks beside them (``RowPlan``), as large as those that
/// decode allow (``PromptPace``). Pure but for its model: it is told what time it is. Belongs to one thread.
package struct Worker<Model: LanguageModel> {
    /// Where a test may put something else than the real thing.
    package struct Seams: Sendable {
        /// The numbers that answers with this seed are drawn by.
        package var draws: @Sendable (_ seed: UInt64) -> any DrawSource
        /// Whether prefixes are compared by their hashes.
        package var comparesHashes: Bool
        /// Whether penalties see the drafted tokens before a row.
        package var penalisesDrafted: Bool
        /// Whether what a constraint allows depends on the drafted tokens before a row.
        package var masksDrafted: Bool

        /// Creates the seams; by default all is real.
        package init(
            comparesHashes: Bool = true,
            penalisesDrafted: Bool = true,
            masksDrafted: Bool = true,
            draws: @escaping @Sendable (_ seed: UInt64) -> any DrawSource = { PhiloxDraws(seed: $0) }
        ) {
            self.comparesHashes = comparesHashes
            self.penalisesDrafted = penalisesDrafted
            self.masksDrafted = masksDrafted
            self.draws = draws
        }
    }

    /// A request in work.
    struct Work {
        let request: WorkRequest
        let spec: SequenceSpec
        let cache: CacheID
        /// Tokens still to be fed: committed ones, then drafted ones.
        var feed: ArraySlice<Token>
        /// Rows that are wanted of the last of them: those are never split over passes.
        let outputs: Int
        /// What was drafted so far.
        var positions: [DraftedPosition] = []
        var milliseconds = 0.0
        /// Passes that it had a part in, and all rows of those.
        var passes: UInt32 = 0
        var rows: UInt32 = 0

        /// What a pass may take of it.
        var rowFeed: RowPlan.Feed { RowPlan.Feed(count: feed.count, wanted: outputs) }

        /// How far its prompt is read; what is drafted behind it is not counted.
        var reading: SequenceReading {
            let tokens = Int(request.prefix.baseLength)
            let read = max(0, tokens - max(0, feed.count - (outputs - 1)))
            let prompt = PromptReading(tokensRead: UInt32(read), tokens: UInt32(tokens))
            return SequenceReading(sequence: request.fence.sequence, prompt: prompt)
        }
    }

    /// The model.
    package var model: Model
    private let maxBatchedTokens: Int
    private let seams: Seams
    private var pace: PromptPace
    private var streams = RunningStreams()
    private var constraints = ConstraintTable()
    private var table: SequenceTable
    /// Oldest first.
    private var tasks: [Work] = []
    private var answers: [Message] = []

    /// - Parameters:
    ///   - maxBatchedTokens: Most tokens that a pass feeds.
    ///   - pace: How many of these may be of prompts; by default nothing limits that.
    package init(model: Model, maxBatchedTokens: Int, pace: PromptPace = PromptPace(), seams: Seams = Seams()) {
        self.model = model
        self.maxBatchedTokens = maxBatchedTokens
        self.pace = pace
        self.seams = seams
        table = SequenceTable(comparesHashes: seams.comparesHashes)
    }

    /// Requests that are not answered yet.
    package var pendingCount: Int { tasks.count }
    /// How far the prompts are read that take several passes, oldest first, ``SequenceReading/most`` at most.
    package var readings: [SequenceReading] {
        // Plainly: it is asked for all the time, and in a generic type each evaluation of a key path makes it anew.
        var readings: [SequenceReading] = []
        for task in tasks where task.rowFeed.isLong && readings.count < SequenceReading.most {
            readings.append(task.reading)
        }
        return readings
    }
    /// Whether a pass would do nothing.
    package var isIdle: Bool { tasks.isEmpty && answers.isEmpty }
    /// Sequences that it remembers.
    package var sequenceCount: Int { table.count }
    /// Tokens since the start whose keys and values were not computed again because a page of the cache held them.
    package var hitTokens: UInt64 { table.hitTokens }

    /// Takes a request, unless it is in work already: then its answer is on the way. An older round of its sequence is
    /// dropped: its answer would be stale.
    package mutating func add(_ request: WorkRequest) {
        let fence = request.fence
        guard !tasks.contains(where: { $0.request.fence == fence }) else { return }
        tasks.removeAll { $0.request.fence.sequence == fence.sequence }
        switch table.resolve(request, in: &model) {
        case .missing(let length, let needsSpec):
            answers.append(.missing(Missing(fence: fence, length: UInt32(length), needsSpec: needsSpec)))
        case .ready(let spec, let cache, let committed):
            let outputs = request.outputs(spec)
            var feed = committed
            if case .verify(let verify) = request {
                // Behind the last drafted token nothing is judged: it is fed for the bonus token alone.
                feed += verify.draft.prefix(outputs - 1).map { $0.token }
            }
            tasks.append(Work(request: request, spec: spec, cache: cache, feed: feed, outputs: outputs))
        }
    }

    /// Forgets a sequence; a request of it that is in work is dropped.
    package mutating func release(_ sequence: SequenceID) {
        tasks.removeAll { $0.request.fence.sequence == sequence }
        streams.release(sequence)
        constraints.release(sequence)
        table.release(sequence, in: &model)
    }

    /// Forgets everything, as a process that was started anew.
    package mutating func releaseAll() {
        tasks = []
        answers = []
        streams.releaseAll()
        constraints.releaseAll()
        table.releaseAll(in: &model)
    }

    // MARK: Passes

    /// Runs one pass over what waits and returns the answers that are complete. It begins at `now`.
    package mutating func runPass(at now: Instant) -> [Message] {
        defer { answers = [] }
        for index in tasks.indices {
            table.reuse(tasks[index].cache, &tasks[index].feed, leaving: tasks[index].outputs, in: &model)
        }
        let feeds = tasks.map { $0.rowFeed }
        let batch = plan(feeds, at: now)
        if !batch.isEmpty { run(batch, hasPrompts: batch.contains { feeds[$0.index].isLong }, at: now) }
        return answers
    }

    private func plan(_ feeds: [RowPlan.Feed], at now: Instant) -> [(index: Int, count: Int)] {
        var reading: Set<SequenceID> = []
        for index in feeds.indices where feeds[index].isLong { reading.insert(tasks[index].request.fence.sequence) }
        guard !reading.isEmpty else { return RowPlan.rows(of: feeds, budget: maxBatchedTokens) }
        let isShared = reading.count < feeds.count || streams.isAny(at: now) { reading.contains($0) }
        return RowPlan.rows(of: feeds, budget: maxBatchedTokens) { [pace, maxBatchedTokens] others in
            pace.promptRows(beside: others, isShared: isShared, upTo: maxBatchedTokens)
        }
    }

    private mutating func run(_ batch: [(index: Int, count: Int)], hasPrompts: Bool, at now: Instant) {
        let entries = batch.map { index, count in
            let task = tasks[index]
            let outputs = count == task.feed.count ? task.outputs : 0
            return BatchEntry(cache: task.cache, tokens: task.feed.prefix(count), outputs: outputs)
        }
        let milliseconds: Double
        do throws(ForwardError) {
            let working = tasks
            milliseconds = try table.forward(entries, in: &model) { id in
                working.contains { $0.request.fence.sequence == id }
            }
        } catch {
            return failYoungest(of: batch, error)
        }
        let rows = UInt32(batch.reduce(0) { $0 + $1.count })
        pace.note(rows: Int(rows), hasPrompts: hasPrompts, milliseconds: milliseconds)
        var done: [Int] = []
        for (entry, item) in batch.enumerated() {
            tasks[item.index].milliseconds += milliseconds
            tasks[item.index].passes += 1
            tasks[item.index].rows += rows
            tasks[item.index].feed.removeFirst(item.count)
            guard tasks[item.index].feed.isEmpty else { continue }
            if let answer = Self.advance(&tasks[item.index], entry, model, seams, &constraints) {
                answers.append(answer)
                done.append(item.index)
            }
        }
        // What is no number, or no time, counts as none.
        let end = now.advanced(milliseconds: UInt64(exactly: max(0, milliseconds).rounded()) ?? 0)
        streams.noteAnswers(done.map { tasks[$0].request.fence.sequence }, at: end)
        for index in done.reversed() { tasks.remove(at: index) }
    }

    /// A pass that could not run fails its youngest request alone: the others may fit without it.
    private mutating func failYoungest(of batch: [(index: Int, count: Int)], _ error: ForwardError) {
        guard let last = batch.last else { return }
        answers.append(Self.failed(tasks.remove(at: last.index), error))
    }

    private static func failed(_ task: Work, _ error: ForwardError) -> Message {
        .failed(Failed(fence: task.request.fence, code: .nodeFailed, message: error.text))
    }

    /// Goes on with a request whose tokens are fed; the answer, once it is complete.
    private static func advance(
        _ task: inout Work,
        _ entry: Int,
        _ model: Model,
        _ seams: Seams,
        _ constraints: inout ConstraintTable
    ) -> Message? {
        do throws(ForwardError) {
            switch task.request {
            case .draft(let draft): return try draw(draft, &task, entry, model, seams, &constraints)
            case .verify(let verify): return try judge(verify, task, entry, model, seams, &constraints)
            }
        } catch {
            return failed(task, error)
        }
    }

    // MARK: Drafters

    /// Draws the next token of a sequence from its row; the answer once the draft is complete.
    private static func draw(
        _ request: Draft,
        _ task: inout Work,
        _ entry: Int,
        _ model: Model,
        _ seams: Seams,
        _ constraints: inout ConstraintTable
    ) throws(ForwardError) -> Message? {
        // A head of a few tokens may lack all that are allowed here: the draft ends, whatever it would have been.
        guard let row = try rows(task, entry, model, seams, &constraints)?.first else { return drafted(task) }
        // Tested before the token is drawn: looking at the token itself would bias the distribution (decisions.md 2).
        let leastConfidence = request.minimumConfidence
        if leastConfidence > 0, row.maximumProbability < leastConfidence { return drafted(task) }
        // Cut before it is sampled from: what is shipped is what was drawn from, however short it is.
        let q = row.distribution(task.spec, support: task.spec.draftSupport).cut(toShare: ShippedRow.share)
        let base = Int(request.prefix.baseLength)
        let token = Rules.draw(
            draft: q,
            position: base + task.positions.count,
            base: base,
            spec: task.spec,
            draws: seams.draws(task.spec.seed)
        )
        let gate = row.draftGate(task.spec.rule, token: token, processed: q)
        task.positions.append(DraftedPosition(token: token, row: q, gate: gate))
        // Behind an end token there is nothing to draft.
        let isEnd = task.spec.guardTokens.contains(token)
        if task.positions.count >= Int(request.count) || isEnd { return drafted(task) }
        task.feed = [token]
        return nil
    }

    private static func drafted(_ task: Work) -> Message {
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

    // MARK: Experts

    /// The expert's word on a draft.
    private static func judge(
        _ request: Verify,
        _ task: Work,
        _ entry: Int,
        _ model: Model,
        _ seams: Seams,
        _ constraints: inout ConstraintTable
    ) throws(ForwardError) -> Message {
        let base = Int(request.prefix.baseLength)
        let draws = seams.draws(task.spec.seed)
        guard let rows = try rows(task, entry, model, seams, &constraints) else {
            let name = task.spec.constraint?.name ?? ""
            throw .failed("the constraint (\(name)) allows no token of the vocabulary behind the answer so far")
        }
        let evidence = Rules.evidence(draft: request.draft, base: base, spec: task.spec, draws: draws) { index in
            let p = rows[index].distribution(task.spec, support: nil)
            return (p, rows[index].gate(task.spec.rule, draft: request.draft[index], processed: p))
        }
        var bonus: Token?
        if task.outputs > request.draft.count {
            bonus = Rules.bonus(
                position: base + request.draft.count,
                p: rows[request.draft.count].distribution(task.spec, support: nil),
                spec: task.spec,
                draws: draws
            )
        }
        return .verified(
            Verified(
                fence: request.fence,
                evidence: evidence,
                bonus: bonus,
                logprobs: try logprobs(task.spec, entry, model, draft: request.draft, evidence, bonus),
                milliseconds: task.milliseconds,
                passes: task.passes,
                rows: task.rows
            )
        )
    }
}

extension Worker: Sendable where Model: Sendable {}
