import CascadeCore

/// What the last answers of a pool were like.
struct RecentAnswers: Equatable, Sendable {
    /// Answers that count, at most.
    static let most = 64

    private var tokens = 0
    private var mostTokens = 0
    private var rounds: UInt64 = 0

    init(_ jobs: some Sequence<FinishedJob>) {
        for job in jobs {
            tokens += job.report.tokens.count
            mostTokens += Int(job.submit.maxTokens)
            rounds += job.report.counts.rounds
        }
    }

    /// Tokens a round; 1 as long as there are no answers.
    var tokensPerRound: Double { rounds == 0 ? 1 : max(1, Double(tokens) / Double(rounds)) }

    /// How many tokens an answer of at most `most` tokens should still get behind so many; 0 as long as there are no
    /// answers.
    func remaining(of most: Int, behind count: Int) -> Double {
        mostTokens == 0 ? 0 : max(0, Double(most) * Double(tokens) / Double(mostTokens) - Double(count))
    }
}

/// Places at experts, by the milliseconds after which they are free.
struct Places: Equatable, Sendable {
    /// Ascending.
    private var freeIn: [Double]

    init(freeIn: [Double]) { self.freeIn = freeIn.sorted() }

    /// When the next one is free; nil where there is none.
    var next: Double? { freeIn.first }

    /// The next one is taken, for so long, and no longer than until `latest`.
    mutating func takeNext(for milliseconds: Double, until latest: Double = .infinity) {
        guard !freeIn.isEmpty else { return }
        let start = freeIn.removeFirst()
        let end = min(start + milliseconds, max(start, latest))
        freeIn.insert(end, at: freeIn.firstIndex { end < $0 } ?? freeIn.endIndex)
    }
}
