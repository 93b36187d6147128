import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Whose turn it is, by weights, and what an owner may take.
@Suite struct OwnerTableTests {
    private static func limits(weight: Int = 1, tokens: Int? = nil, sequences: Int? = nil) -> OwnerLimits {
        var limits = OwnerLimits()
        (limits.weight, limits.maxTokensPerMinute, limits.maxNumSeqs) = (weight, tokens, sequences)
        return limits
    }

    private static let now = Instant(nanoseconds: 0)

    /// Gives the owner a place whose turn it is, `times` times. Returns what each was given.
    @discardableResult
    private static func serve(
        _ table: inout OwnerTable,
        _ names: [String],
        times: Int,
        _ random: inout SplitMix64
    ) -> [String: Int] {
        var given: [String: Int] = [:]
        for _ in 0..<times {
            guard let next = names.min(by: { table.virtualTime(of: $0) < table.virtualTime(of: $1) }) else { break }
            let tokens = Int.random(in: 1...9, using: &random)
            table.begin(promptTokens: tokens, of: next, at: now)
            given[next, default: 0] += tokens
        }
        return given
    }

    /// Whatever the weights and the sizes of jobs: work is shared by weight, to within one job.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func workIsSharedByWeight(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var table = OwnerTable()
        let weights = (0..<5).map { _ in Int.random(in: 1...20, using: &random) }
        let names = weights.indices.map { "owner \($0)" }
        for (name, weight) in zip(names, weights) { table.set(Self.limits(weight: weight), of: name) }
        let given = Self.serve(&table, names, times: 2_000, &random)
        let shares = zip(names, weights).map { Double(given[$0] ?? 0) / Double($1) }
        for (share, weight) in zip(shares, weights) {
            #expect(share - (shares.min() ?? 0) <= 9 / Double(weight) + 9)
        }
    }

    /// Who comes back begins where the others are: it neither makes up for what it did not use, nor waits for them,
    /// whether it was away, had nothing that wanted a place, or had the cluster to itself.
    @Test func idleTimeIsNotSavedUp() {
        var (table, random) = (OwnerTable(), SplitMix64(seed: 1))
        func equally(_ names: [String]) -> Bool {
            let given = Self.serve(&table, names, times: 400, &random)
            return names.allSatisfy { abs(Double(given[$0] ?? 0) * Double(names.count) / 2_000 - 1) < 0.1 }
        }
        // "a" had the cluster to itself, and is not made to wait for it.
        Self.serve(&table, ["a"], times: 500, &random)
        #expect(equally(["b", "a"]))
        // "b" was away.
        Self.serve(&table, ["a"], times: 500, &random)
        #expect(equally(["a", "b"]))
        // One stream of "c" goes on slowly all the while, without wanting another place.
        table.begin(promptTokens: 1, of: "c", at: Self.now)
        for _ in 0..<500 {
            Self.serve(&table, ["a", "b"], times: 1, &random)
            table.charge(1, isDrafted: true, to: "c", at: Self.now)
        }
        #expect(equally(["a", "b", "c"]))
    }

    @Test func sequencesAtWorkAreLimited() {
        var table = OwnerTable()
        table.set(Self.limits(sequences: 2), of: "a")
        for _ in 0..<2 {
            #expect(table.mayRun("a", at: Self.now))
            table.add(bytes: 1, to: "a")
            table.begin(promptTokens: 1, of: "a", at: Self.now)
        }
        #expect(!table.mayRun("a", at: Self.now) && table.mayRun("b", at: Self.now))
        table.remove(bytes: 1, isRunning: true, from: "a")
        #expect(table.mayRun("a", at: Self.now))
    }

    /// The tokens of a minute come back evenly, and nobody is refused for ever.
    @Test func tokensOfAMinuteComeBack() {
        var table = OwnerTable()
        func wait(_ milliseconds: UInt64) -> Double {
            table.wait(of: "a", at: Self.now.advanced(milliseconds: milliseconds))
        }
        table.set(Self.limits(tokens: 600), of: "a")
        #expect(wait(0) == 0)
        table.charge(700, isDrafted: false, to: "a", at: Self.now)
        // 101 tokens are missing, of 10 in a second.
        #expect(wait(0) == 10_100 && !table.mayRun("a", at: Self.now))
        #expect(wait(5_000) == 5_100)
        #expect(wait(10_100) == 0)
        // However long it rests, it has no more than a minute's.
        let later = Self.now.advanced(milliseconds: 3_600_000)
        #expect(table.wait(of: "a", at: later) == 0)
        table.charge(600, isDrafted: false, to: "a", at: later)
        #expect(table.wait(of: "a", at: later) > 0)
        #expect(table.wait(of: "b", at: later) == 0)
    }

    @Test func ownersWithoutJobsAreForgotten() {
        var table = OwnerTable()
        for number in 0..<10 { table.add(bytes: 1, to: "\(number)") }
        for number in 0..<8 { table.remove(bytes: 1, isRunning: false, from: "\(number)") }
        table.forget(beyond: 4)
        #expect(table.elements.map(\.key) == ["6", "7", "8", "9"])
        table.forget(beyond: 1)
        #expect(table.elements.map(\.key) == ["8", "9"], "who has jobs stays")
    }
}
