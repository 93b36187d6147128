import CascadeCoordinator
import CascadeCore
import Testing

struct DraftLengthPolicyTests {
    /// Measured on a machine of two cores: an expert of 1.5B and a drafter of 0.5B.
    static let expert = curve([(1, 25), (2, 26), (4, 28), (5, 29), (8, 33), (16, 62)])
    static let drafter = curve([(1, 9), (2, 9.4), (4, 10.5), (5, 11), (8, 12), (16, 21)])

    static func curve(_ points: [(UInt32, Double)]) -> PassCosts {
        PassCosts(points.map { CostPoint(rows: $0.0, milliseconds: $0.1) })!
    }

    // MARK: Costs

    @Test(arguments: [(0, 10.0), (1, 10), (2, 10), (3, 12), (4, 14), (6, 18), (8, 22), (10, 26), (16, 38)])
    func curvesAreStraightBetweenPoints(rows: Int, milliseconds: Double) {
        let curve = Self.curve([(2, 10), (4, 14), (8, 22)])
        #expect(curve.milliseconds(rows: rows) == milliseconds)
    }

    @Test func aDisturbedPointIsCutToALaterOne() {
        let curve = Self.curve([(1, 30), (2, 55), (4, 28), (8, 33)])
        #expect([1, 2, 4, 8].map { curve.milliseconds(rows: $0) } == [28, 28, 28, 33])
        #expect(PassCosts([]) == nil)
        #expect(Self.curve([(1, 7)]).milliseconds(rows: 40) == 7)
    }

    // MARK: The policy

    struct Row: Sendable {
        var acceptance: Double
        var sequences: Int
        var isLookup: Bool
        var count: Int
    }

    /// The best of nine rates, computed by hand from the curves above.
    static let table = [
        Row(acceptance: 0, sequences: 1, isLookup: false, count: 0),
        Row(acceptance: 0.3, sequences: 1, isLookup: false, count: 0),
        Row(acceptance: 0.6, sequences: 1, isLookup: false, count: 1),
        Row(acceptance: 0.8, sequences: 1, isLookup: false, count: 2),
        Row(acceptance: 0.8, sequences: 4, isLookup: false, count: 1),
        Row(acceptance: 0.8, sequences: 8, isLookup: false, count: 0),
        Row(acceptance: 1, sequences: 1, isLookup: false, count: 7),
        Row(acceptance: 0, sequences: 1, isLookup: true, count: 0),
        Row(acceptance: 0.5, sequences: 1, isLookup: true, count: 3),
        Row(acceptance: 0.8, sequences: 1, isLookup: true, count: 7),
    ]

    @Test(arguments: table.indices)
    func choosesTheBestRate(row: Int) {
        let row = Self.table[row]
        let policy = DraftLengthPolicy(
            expert: Self.expert,
            drafter: row.isLookup ? nil : Self.drafter,
            expertSequences: row.sequences,
            drafterSequences: row.sequences
        )
        let choice = policy.choose(acceptance: row.acceptance, upTo: DraftLengthPolicy.maximum)
        #expect(choice.count == row.count)
        // Straight from the definition.
        let rates = (0...8).map { count in
            (0...count).reduce(0) { sum, power in sum + (0..<power).reduce(1) { product, _ in product * row.acceptance }
            }
                / policy.milliseconds(count) * 1_000
        }
        #expect(abs(choice.tokensPerSecond - rates[choice.count]) < 1e-9)
        #expect(rates.allSatisfy { $0 <= choice.tokensPerSecond + 1e-9 })
    }

    @Test(arguments: [true, false], [1, 2, 4, 8, 16])
    func longerWithAcceptanceShorterWithLoad(hasBonus: Bool, sequences: Int) {
        for drafter in [Self.drafter, nil] {
            var last = 0
            for step in 0...100 {
                let acceptance = Double(step) / 100
                let policy = DraftLengthPolicy(
                    expert: Self.expert,
                    drafter: drafter,
                    expertSequences: sequences,
                    drafterSequences: sequences,
                    hasBonus: hasBonus
                )
                let count = policy.choose(acceptance: acceptance, upTo: DraftLengthPolicy.maximum).count
                #expect(count >= last, "acceptance \(acceptance)")
                last = count
            }
            #expect(sequences > 1 || last > 0)
        }
    }

    @Test func costsThatAreTooHighDraftNothing() {
        let dear = DraftLengthPolicy(expert: Self.expert, drafter: Self.expert)
        #expect(dear.choose(acceptance: 0.9, upTo: 8).count == 0)
        // Every row costs as much as a pass of its own.
        let steep = DraftLengthPolicy(expert: Self.curve([(1, 25), (16, 400)]), drafter: nil)
        #expect(steep.choose(acceptance: 0.9, upTo: 8).count == 0)
        // With many sequences each row is paid for, and speculation ends.
        let loads = [1, 2, 4, 8, 16].map { sequences in
            DraftLengthPolicy(
                expert: Self.expert,
                drafter: Self.drafter,
                expertSequences: sequences,
                drafterSequences: sequences
            ).choose(acceptance: 0.8, upTo: 8).count
        }
        #expect(loads == loads.sorted(by: >))
        #expect(loads.last == 0)
    }

    // MARK: Separate hosts

    @Test func separateHostsWorkAtTheSameTime() {
        var policy = DraftLengthPolicy(
            expert: Self.expert,
            drafter: Self.drafter,
            expertSequences: 4,
            drafterSequences: 4
        )
        let shared = policy.milliseconds(4)
        policy.sharesCores = false
        // Two halves of two sequences: ten rows for the expert, four steps of two rows for the drafter.
        let verify = Self.expert.milliseconds(rows: 10)
        let draft = 4 * Self.drafter.milliseconds(rows: 2)
        #expect(policy.milliseconds(4) == max(verify + draft + 1, 2 * verify, 2 * draft))
        #expect(policy.milliseconds(4) < shared)
        // One sequence waits for one after the other wherever they are.
        policy.expertSequences = 1
        policy.drafterSequences = 1
        let alone = policy.milliseconds(4)
        policy.sharesCores = true
        #expect(policy.milliseconds(4) == alone)
    }

    /// Drafting on another host costs the expert's host nothing: with many sequences in flight it goes on for longer.
    @Test(arguments: [2, 4, 8, 16])
    func draftsAreNotShorterOnSeparateHosts(sequences: Int) {
        func count(_ sharesCores: Bool) -> Int {
            DraftLengthPolicy(
                expert: Self.expert,
                drafter: Self.drafter,
                expertSequences: sequences,
                drafterSequences: sequences,
                sharesCores: sharesCores
            ).choose(acceptance: 0.8, upTo: 8).count
        }
        #expect(count(false) >= count(true))
    }

    /// A round that waits for the network should bring more tokens.
    @Test func aSlowNetworkMakesDraftsLonger() {
        func count(_ milliseconds: Double) -> Int {
            DraftLengthPolicy(
                expert: Self.expert,
                drafter: Self.drafter,
                sharesCores: false,
                expertRoundTrip: milliseconds,
                drafterRoundTrip: 0.5
            ).choose(acceptance: 0.8, upTo: 8).count
        }
        let counts = [0.5, 20, 60, 200].map(count)
        #expect(counts == counts.sorted())
        #expect(counts[0] < counts[3])
    }

    /// Eight sequences keep an expert busy whatever the network takes: there is no idle time that drafts would fill.
    /// The curves are those of the default pair on one core, where eight rows more cost as much as the first eight.
    @Test(arguments: [0.5, 10, 40])
    func aSlowNetworkIsNoReasonToDraftUnderLoad(milliseconds: Double) throws {
        let expert = [1: 32.8, 4: 32.3, 5: 34, 8: 42.3, 16: 87.3]
        let drafter = [1: 15.9, 4: 17.7, 8: 21.8, 16: 40.6]
        func curve(_ points: [Int: Double]) throws -> PassCosts {
            let points = points.sorted { $0.key < $1.key }
            return try #require(PassCosts(points.map { CostPoint(rows: UInt32($0.key), milliseconds: $0.value) }))
        }
        let policy = DraftLengthPolicy(
            expert: try curve(expert),
            drafter: try curve(drafter),
            expertSequences: 8,
            drafterSequences: 8,
            sharesCores: false,
            expertRoundTrip: milliseconds,
            drafterRoundTrip: milliseconds
        )
        #expect(policy.choose(acceptance: 0.75, upTo: 8).count == 0)
    }

    @Test func theLimitHolds() {
        let policy = DraftLengthPolicy(expert: Self.expert, drafter: nil)
        for limit in 0...12 { #expect(policy.choose(acceptance: 1, upTo: limit).count <= limit) }
        #expect(policy.choose(acceptance: 1, upTo: -1).count == 0)
    }

    // MARK: Acceptance

    @Test func anEstimateFollowsWhatIsJudged() {
        var estimate = AcceptanceEstimate()
        #expect(estimate.value == AcceptanceEstimate.prior)
        estimate.record(accepted: 3, judged: 4)
        #expect(abs(estimate.value - 6.2 / 8) < 1e-12)
        for _ in 0..<100 {
            estimate.record(accepted: 0, judged: 1)
            estimate.fade(committed: 1)
        }
        #expect(estimate.value < 0.1)
    }

    /// Where no draft is ever accepted drafting stops, tries again now and then, and costs little; where drafts become
    /// good again, it is back within some dozens of tokens.
    @Test func draftingIsGivenUpAndTakenUpAgain() {
        let policy = DraftLengthPolicy(expert: Self.expert, drafter: Self.drafter)
        var estimate = AcceptanceEstimate()
        func count() -> Int { policy.choose(acceptance: estimate.value, upTo: 8).count }
        var rounds = (plain: 0, drafted: 0)
        var (time, plainTime) = (0.0, 0.0)
        for _ in 0..<1_000 {
            time += policy.milliseconds(count())
            plainTime += policy.milliseconds(0)
            if count() > 0 {
                rounds.drafted += 1
                estimate.record(accepted: 0, judged: 1)
            } else {
                rounds.plain += 1
            }
            estimate.fade(committed: 1)
        }
        #expect(rounds.drafted > 10)
        #expect(plainTime / time > 0.97, "\(rounds)")
        var tokens = 0
        while count() < 5, tokens < 1_000 {
            let drafted = count()
            if drafted > 0 { estimate.record(accepted: Double(drafted), judged: drafted) }
            estimate.fade(committed: drafted + 1)
            tokens += drafted + 1
        }
        #expect(tokens < 150)
    }
}
