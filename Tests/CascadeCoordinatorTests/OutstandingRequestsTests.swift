import CascadeCore
import Testing

@testable import CascadeCoordinator

/// The table of what nodes were asked and have not answered.
@Suite struct OutstandingRequestsTests {
    private static func node(_ number: UInt64) -> NodeHandle { NodeHandle(rawValue: number) }
    private static func job(_ number: UInt64) -> JobID { JobID(rawValue: number) }
    private static func instant(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: 0).advanced(milliseconds: milliseconds)
    }

    private static func request(
        _ number: UInt64,
        job: UInt64,
        at node: UInt64,
        role: NodeRole = .expert,
        silence: UInt64 = 100
    ) -> Request {
        Request(
            number: number,
            node: Self.node(node),
            job: Self.job(job),
            role: role,
            fence: Fence(boot: 1, incarnation: node, sequence: SequenceID(job: Self.job(job)), round: 1),
            knownLength: 0,
            count: 0,
            rows: Int(job),
            silenceMilliseconds: silence,
            silenceDeadline: instant(silence),
            totalDeadline: instant(1_000)
        )
    }

    private static func table(_ entries: [(job: UInt64, node: UInt64)]) -> OutstandingRequests {
        var table = OutstandingRequests()
        for entry in entries { table.add { request($0, job: entry.job, at: entry.node) } }
        return table
    }

    @Test func numbersCountUpWhateverIsRemoved() {
        var table = Self.table([(1, 1), (2, 1)])
        table.remove(at: 0)
        table.removeAll(ofJob: Self.job(2))
        #expect(table.isEmpty)
        table.add { Self.request($0, job: 3, at: 1) }
        #expect(table.lastNumber == 3 && table[0].number == 3)
    }

    /// Another incarnation, round, boot or node is another fence.
    @Test func aFenceFindsItsRequestAtItsNodeAlone() {
        let table = Self.table([(1, 1), (1, 2), (2, 1)])
        let fence = table[1].fence
        #expect(table.index(of: fence, at: Self.node(2)) == 1)
        #expect(table.index(of: fence, at: Self.node(1)) == nil)
        let others = [
            Fence(boot: 2, incarnation: 2, sequence: fence.sequence, round: 1),
            Fence(boot: 1, incarnation: 3, sequence: fence.sequence, round: 1),
            Fence(boot: 1, incarnation: 2, sequence: SequenceID(job: Self.job(9)), round: 1),
            Fence(boot: 1, incarnation: 2, sequence: fence.sequence, round: 2),
        ]
        for other in others { #expect(table.index(of: other, at: Self.node(2)) == nil) }
    }

    @Test func whatANodeAndAJobHaveIsCounted() {
        var table = Self.table([(1, 1), (1, 2), (5, 1)])
        #expect(table.count(at: Self.node(1)) == 2 && table.count(at: Self.node(3)) == 0)
        #expect(table.rows(at: Self.node(1)) == 6)
        #expect(table.ofJob(Self.job(1)).map(\.node) == [Self.node(1), Self.node(2)])
        #expect(table.isAsked(Self.node(2), for: Self.job(1)) && !table.isAsked(Self.node(2), for: Self.job(5)))
        let found1 = table.removeAll(at: Self.node(1)).map(\.job)
        #expect(found1 == [Self.job(1), Self.job(5)])
        #expect(table.map(\.node) == [Self.node(2)])
    }

    @Test func theEarliestOfAllTimesComesFirst() {
        var table = OutstandingRequests()
        #expect(table.earliestDeadline(after: Self.instant(0)) == nil)
        table.add { Self.request($0, job: 1, at: 1, silence: 300) }
        table.add { Self.request($0, job: 2, at: 1, silence: 200) }
        #expect(table.earliestDeadline(after: Self.instant(0)) == Self.instant(200))
        table[0].hedgeAt = Self.instant(150)
        #expect(table.earliestDeadline(after: Self.instant(0)) == Self.instant(150))
        table[1].holdUntil = Self.instant(120)
        #expect(table.earliestDeadline(after: Self.instant(0)) == Self.instant(120))
        // Who waited for it waits no more.
        #expect(table.earliestDeadline(after: Self.instant(120)) == Self.instant(150))
        table[0].noteStandstill(milliseconds: 1_000, until: Self.instant(2_000))
        #expect(table[0].silenceDeadline == Self.instant(2_300))
        #expect(table[0].totalDeadline == Self.instant(2_000))
        #expect(table[0].hedgeAt == Self.instant(1_150))
    }

    @Test func brokenTablesAreSeen() {
        #expect(Self.table([(1, 1), (1, 2), (2, 1)]).brokenInvariant == nil)
        #expect(Self.table([(1, 1), (1, 1)]).brokenInvariant != nil)
        #expect(Self.table([(1, 1), (1, 2), (1, 3)]).brokenInvariant != nil)
        var mixed = Self.table([(1, 1)])
        mixed.add { Self.request($0, job: 1, at: 2, role: .drafter) }
        #expect(mixed.brokenInvariant != nil)
    }
}
