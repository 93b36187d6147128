internal import CascadeCore

/// What both synthetic loops share: requests come in and stand on what the node has, each pass feeds what waits by the
/// plan that models have too, and takes its time. Confined to its thread.
struct SyntheticQueue<Request, State> {
    /// A request in work.
    struct Task {
        let request: Request
        let fence: Fence
        let spec: SequenceSpec
        /// Tokens still to be fed.
        var feed: Int
        /// How many of the last of them are fed in one pass.
        let wanted: Int
        /// Hash of all tokens before the next one to be drafted or judged.
        var hash: Hash128
        /// What has come of it so far.
        var state: State
        /// Passes that it had a part in, all rows of those, and what they took.
        var passes: UInt32 = 0
        var rows: UInt32 = 0
        var milliseconds = 0.0
    }

    private let pass: SyntheticPass
    private let rowBudget: Int
    private(set) var table = SyntheticTable()
    /// Oldest first.
    private var tasks: [Task] = []
    private var answers: [Message] = []

    init(_ settings: SyntheticSettings, rowBudget: Int) {
        pass = SyntheticPass(settings.costs)
        self.rowBudget = rowBudget
    }

    var count: Int { tasks.count }

    /// Takes a request, unless it is in work already; one of an older round of its sequence is dropped. Behind the
    /// committed tokens, `drafted` says how many more are fed.
    mutating func add(
        _ request: Request,
        fence: Fence,
        specID: UInt64,
        spec: SequenceSpec?,
        prefix: Prefix,
        state: State,
        drafted: (SequenceSpec) -> Int
    ) {
        guard !tasks.contains(where: { $0.fence == fence }) else { return }
        tasks.removeAll { $0.fence.sequence == fence.sequence }
        switch table.resolve(fence.sequence, specID: specID, spec: spec, prefix: prefix) {
        case .missing(let length, let needsSpec):
            answers.append(.missing(Missing(fence: fence, length: UInt32(length), needsSpec: needsSpec)))
        case .ready(let spec, let feed, let hash):
            let drafted = drafted(spec)
            tasks.append(
                Task(
                    request: request,
                    fence: fence,
                    spec: spec,
                    feed: feed + drafted,
                    wanted: drafted + 1,
                    hash: hash,
                    state: state
                )
            )
        }
    }

    /// Forgets a sequence.
    mutating func release(_ sequence: SequenceID) {
        tasks.removeAll { $0.fence.sequence == sequence }
        table.release(sequence)
    }

    /// Runs a pass: `work` goes on with a request that is fed and says whether it is done, `answer` then says what it
    /// comes to, and which drafted tokens were fed on the way.
    mutating func runPass(
        work: (inout Task) -> Bool,
        answer: (Task) -> (message: Message, fed: [Token])
    ) -> [Message] {
        defer { answers = [] }
        let feeds = tasks.map { RowPlan.Feed(count: $0.feed, wanted: $0.wanted) }
        let batch = RowPlan.rows(of: feeds, budget: rowBudget)
        guard !batch.isEmpty else { return answers }
        let rows = batch.reduce(0) { $0 + $1.count }
        var done: [Int] = []
        let milliseconds = pass.run(rows: rows) {
            for (index, count) in batch {
                tasks[index].feed -= count
                if tasks[index].feed == 0, work(&tasks[index]) { done.append(index) }
            }
        }
        for (index, _) in batch {
            tasks[index].passes += 1
            tasks[index].rows += UInt32(rows)
            tasks[index].milliseconds += milliseconds
        }
        for index in done {
            let (message, fed) = answer(tasks[index])
            table.append(fed, to: tasks[index].fence.sequence)
            answers.append(message)
        }
        for index in done.reversed() { tasks.remove(at: index) }
        return answers
    }
}
