import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What waits for the disk, and in which order it leaves.
@Suite struct JournalGateTests {
    private static let (one, two) = (PeerID([1]), PeerID([2]))

    private func accepted(_ number: UInt64) -> Message {
        .accepted(Accepted(requestID: number, job: JobID(rawValue: number), seed: 0, draftLength: .adaptive))
    }

    private func numbers(_ free: [(message: Message, peer: PeerID)]) -> [UInt64] {
        free.compactMap { item in
            if case .accepted(let accepted) = item.message { return accepted.requestID }
            return nil
        }
    }

    @Test func withoutRecordsEverythingLeaves() {
        var gate = JournalGate(mostBytes: 0)
        let isFree1 = gate.admits(accepted(1), to: Self.one, tellsOfJob: true)
        #expect(isFree1)
        #expect(!gate.isAwaitingDisk && gate.lag == 0)
    }

    @Test func whatTellsNothingOfJobsLeaves() {
        var gate = JournalGate(mostBytes: 10_000)
        gate.countRecord()
        let ping = Message.ping(Ping(boot: 1, number: 1))
        let isFree2 = gate.admits(ping, to: Self.one, tellsOfJob: false)
        #expect(isFree2)
        let isFree3 = gate.admits(ping, to: Self.one, tellsOfJob: true)
        #expect(!isFree3)
        #expect(gate.holds(for: Self.one) && !gate.holds(for: Self.two))
    }

    /// Each message waits for the records before it, and for no later one.
    @Test func messagesLeaveInOrderWithTheirRecords() {
        var gate = JournalGate(mostBytes: 10_000)
        for number in 1...4 as ClosedRange<UInt64> {
            gate.countRecord()
            let isFree4 = gate.admits(accepted(number), to: number % 2 == 0 ? Self.one : Self.two, tellsOfJob: false)
            #expect(!isFree4)
            #expect(gate.brokenInvariant == nil)
        }
        let found5 = numbers(gate.takeDurable(upTo: 0))
        #expect(found5 == [])
        let found6 = numbers(gate.takeDurable(upTo: 2))
        #expect(found6 == [1, 2])
        #expect(gate.lag == 2)
        // Late word of what is known already.
        let found7 = numbers(gate.takeDurable(upTo: 1))
        #expect(found7 == [])
        #expect(gate.lag == 2)
        // More than was ever written.
        let found8 = numbers(gate.takeDurable(upTo: .max))
        #expect(found8 == [3, 4])
        #expect(gate.lag == 0 && gate.heldBytes == 0 && gate.brokenInvariant == nil)
        gate.countRecord()
        #expect(gate.lag == 1)
    }

    /// Behind a message for which there is no room none to the same peer is kept: it would have a gap before it.
    @Test func behindADroppedMessageNothingIsKept() {
        var gate = JournalGate(mostBytes: 600)
        gate.countRecord()
        let delta = Delta(
            job: JobID(rawValue: 1),
            state: .running,
            note: "",
            tokenOffset: 0,
            byteOffset: 0,
            tokens: [Token](repeating: 1, count: 100),
            origins: [],
            text: []
        )
        let isFree9 = gate.admits(.delta(delta), to: Self.one, tellsOfJob: false)
        #expect(!isFree9)
        #expect(!gate.holds(for: Self.one))
        let isFree10 = gate.admits(accepted(1), to: Self.one, tellsOfJob: false)
        #expect(!isFree10)
        #expect(!gate.holds(for: Self.one))
        let isFree11 = gate.admits(accepted(2), to: Self.two, tellsOfJob: false)
        #expect(!isFree11)
        #expect(gate.holds(for: Self.two))
        let found12 = Set(gate.takeUnserved())
        #expect(found12 == [Self.one])
        let left13 = gate.takeUnserved()
        #expect(left13.isEmpty)
        let isFree14 = gate.admits(accepted(3), to: Self.one, tellsOfJob: false)
        #expect(!isFree14)
        #expect(gate.holds(for: Self.one))
        #expect(gate.brokenInvariant == nil)
    }

    @Test func aPeerThatIsGoneIsToldNothing() {
        var gate = JournalGate(mostBytes: 10_000)
        gate.countRecord()
        for number in 1...3 as ClosedRange<UInt64> {
            _ = gate.admits(accepted(number), to: number == 2 ? Self.two : Self.one, tellsOfJob: false)
        }
        gate.drop(for: Self.one)
        #expect(gate.brokenInvariant == nil)
        let found15 = numbers(gate.takeDurable(upTo: 1))
        #expect(found15 == [2])
        #expect(gate.heldBytes == 0)
    }
}
