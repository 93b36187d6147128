import CascadeCore
import Testing

@testable import CascadeNode

/// What a node has in hand, and what it says of it.
struct MailboxTests {
    private func verify(_ round: UInt32) -> Mailbox.Work {
        let fence = Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: round)
        let prefix = Prefix(baseLength: 1, hash: PrefixHash.empty, tail: [1])
        return .verify(Verify(fence: fence, specID: 1, spec: nil, prefix: prefix, draft: []))
    }

    private func progress(_ passes: UInt64, pending: UInt32) -> Progress {
        Progress(passes: passes, pending: pending, kvTokensUsed: 0, busyMilliseconds: 0)
    }

    /// Hedges that lose are released, retries are replaced: neither is ever answered, and neither may count for ever.
    @Test func requestsThatAreDroppedAreNotInHand() {
        let mailbox = Mailbox()
        for round in 0..<100 {
            mailbox.post(verify(UInt32(round)))
            mailbox.post(.release(Release(boot: 1, sequence: SequenceID(job: JobID(rawValue: 1)), specID: 1)))
            #expect(mailbox.pending == 1 && !mailbox.isIdle)
            #expect(mailbox.takeWork(waiting: false).count == 2)
            #expect(mailbox.pending == 1, "taken is not done")
            mailbox.endPass(progress(UInt64(round + 1), pending: 0), replies: [])
            #expect(mailbox.pending == 0 && mailbox.isIdle)
        }
    }

    @Test func anAnswerThatWaitsToBeSentKeepsTheNode() {
        let mailbox = Mailbox()
        mailbox.post(verify(1))
        _ = mailbox.takeWork(waiting: true)
        mailbox.endPass(progress(1, pending: 0), replies: [.goodbye(Goodbye(reason: "stands for an answer"))])
        #expect(mailbox.pending == 0 && !mailbox.isIdle)
        #expect(mailbox.takeReplies().count == 1)
        #expect(mailbox.isIdle)
    }

    @Test func anEngineThatEndsNoPassIsStuck() {
        let costs = Mailbox.EngineState.ready([
            CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 2, milliseconds: 20),
        ])
        var now = Instant(nanoseconds: 1_000_000_000)
        var watch = EngineWatch(rowBudget: 64, now: now)
        func look(_ seconds: UInt64, _ progress: Progress, _ engine: Mailbox.EngineState) -> String? {
            now = now.advanced(milliseconds: seconds * 1_000)
            return watch.look(engine, progress, now: now)
        }
        #expect(look(60, progress(0, pending: 3), .loading) == nil, "loading")
        #expect(look(60, progress(0, pending: 0), costs) == nil, "idle")
        for passes in 1...20 { #expect(look(4, progress(UInt64(passes), pending: 3), costs) == nil, "busy") }
        #expect(look(4, progress(20, pending: 3), costs) == nil)
        #expect(look(4, progress(20, pending: 3), costs) == "3 requests wait and no pass has ended for 8 s")
        #expect(look(4, progress(21, pending: 3), costs) == nil)
        let slow = Mailbox.EngineState.ready([CostPoint(rows: 1, milliseconds: 4_000)])
        #expect(look(30, progress(21, pending: 3), slow) == nil, "a slow machine")
        #expect(look(4, progress(21, pending: 3), slow) != nil)
    }
}
