import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Whose prompt is read next, and what of it is told to whom.
struct PromptQueueTests {
    private func peer(_ name: String) -> PeerID { PeerID(Array(name.utf8)) }
    private func job(_ number: UInt64) -> JobID { JobID(rawValue: number) }

    /// What a driver would read, one after the other, until nothing is left.
    private func drain(_ queue: inout PromptQueue, but unreadable: Set<JobID> = []) -> [UInt64] {
        var order: [UInt64] = []
        while let next = queue.next(where: { !unreadable.contains($0) }) {
            queue.begin(next, weight: 1)
            #expect(queue.next { _ in true } == nil, "one at a time")
            queue.end(next)
            queue.remove(next)
            order.append(next.rawValue)
        }
        return order
    }

    @Test func clientsTakeTurns() {
        var queue = PromptQueue()
        for number in 1...5 as ClosedRange<UInt64> { queue.insert(job(number), bytes: 10, of: peer("many"), owner: "") }
        for number in 6...7 as ClosedRange<UInt64> { queue.insert(job(number), bytes: 10, of: peer("two"), owner: "") }
        queue.insert(job(8), bytes: 10, of: nil, owner: "")
        #expect(drain(&queue) == [1, 6, 8, 2, 7, 3, 4, 5])
    }

    /// Owners take turns by bytes and weight, however many clients they have, and save nothing up.
    @Test func ownersTakeTurnsByWeight() {
        var queue = PromptQueue()
        for number in 1...30 as ClosedRange<UInt64> {
            queue.insert(job(number), bytes: 10, of: peer("\(number % 3)"), owner: "light")
            queue.insert(job(100 + number), bytes: 10, of: nil, owner: "heavy")
        }
        var read: [UInt64] = []
        for _ in 0..<20 {
            guard let next = queue.next(where: { _ in true }) else { break }
            queue.begin(next, weight: next.rawValue > 100 ? 3 : 1)
            queue.end(next)
            queue.remove(next)
            read.append(next.rawValue)
        }
        #expect(read.count { $0 > 100 } == 15, "\(read)")
        queue.insert(job(999), bytes: 10, of: peer("new"), owner: "late")
        for _ in 0..<3 {
            guard let next = queue.next(where: { _ in true }) else { break }
            queue.begin(next, weight: 1)
            queue.end(next)
            queue.remove(next)
            read.append(next.rawValue)
        }
        #expect(read.suffix(3).contains(999), "\(read)")
    }

    /// A client that comes while another's prompts are read waits for one of them.
    @Test func aNewcomerWaitsForOne() throws {
        var queue = PromptQueue()
        for number in 1...5 as ClosedRange<UInt64> { queue.insert(job(number), bytes: 10, of: peer("many"), owner: "") }
        let first = try #require(queue.next { _ in true })
        queue.begin(first, weight: 1)
        queue.insert(job(9), bytes: 10, of: peer("new"), owner: "")
        queue.end(first)
        queue.remove(first)
        #expect(queue.next { _ in true } == job(9))
    }

    @Test func whatCannotBeReadIsPassedOver() {
        var queue = PromptQueue()
        for number in 1...3 as ClosedRange<UInt64> { queue.insert(job(number), bytes: 10, of: peer("a"), owner: "") }
        queue.insert(job(4), bytes: 10, of: peer("b"), owner: "")
        #expect(drain(&queue, but: [job(1), job(4)]) == [2, 3])
        #expect(drain(&queue).sorted() == [1, 4])
    }

    @Test func bytesAreCountedUntilTheyAreGone() {
        var queue = PromptQueue()
        queue.insert(job(1), bytes: 10, of: peer("a"), owner: "")
        queue.insert(job(2), bytes: 20, of: peer("a"), owner: "")
        queue.insert(job(3), bytes: 40, of: nil, owner: "")
        queue.begin(job(1), weight: 1)
        #expect(queue.bytes(of: peer("a"), owner: "") == 30)
        queue.remove(job(1))
        #expect(queue.bytes(of: peer("a"), owner: "") == 20)
        // It is read although its job has ended.
        #expect(queue.next { _ in true } == nil)
        queue.end(job(2))
        #expect(queue.next { _ in true } == nil, "another one's end is no end")
        queue.end(job(1))
        #expect(queue.next { _ in true } != nil)
        for number in [2, 3, 3, 99] as [UInt64] { queue.remove(job(number)) }
        #expect(queue.bytes(of: peer("a"), owner: "") == 0 && queue.bytes(of: nil, owner: "") == 0)
    }
}
