import CascadeCore
import Synchronization
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

    /// A request that is released while its pass runs is in nobody's hand when the engine goes to sleep: who drains may
    /// leave, and nobody takes the engine for stuck.
    @Test func whoSleepsHasNothingInHand() {
        let mailbox = Mailbox()
        let wakes = Mutex(0)
        mailbox.setWake { wakes.withLock { $0 += 1 } }
        mailbox.post(verify(1))
        _ = mailbox.takeWork(waiting: true)
        mailbox.post(.release(Release(boot: 1, sequence: SequenceID(job: JobID(rawValue: 1)), specID: 1)))
        mailbox.endPass(progress(1, pending: 1), replies: [])
        #expect(mailbox.pending == 1)
        #expect(mailbox.takeWork(waiting: false).count == 1)
        // It would sleep now; who is stopped does not.
        mailbox.stop()
        let before = wakes.withLock { $0 }
        #expect(mailbox.takeWork(waiting: true).isEmpty)
        #expect(mailbox.pending == 0 && mailbox.isIdle)
        #expect(wakes.withLock { $0 } == before + 1)
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
        /// Looks every second; what the last look said.
        func look(_ seconds: Int, _ progress: Progress, _ engine: Mailbox.EngineState) -> UInt64 {
            var said: UInt64 = 0
            for _ in 0..<seconds {
                now = now.advanced(milliseconds: 1_000)
                said = watch.look(engine, progress, now: now)
            }
            return said
        }
        #expect(look(60, progress(0, pending: 3), .loading) == 0, "loading")
        #expect(look(3, progress(0, pending: 3), costs) == 0, "loaded with work at hand")
        #expect(look(60, progress(0, pending: 0), costs) == 0, "idle")
        for passes in 1...20 { #expect(look(4, progress(UInt64(passes), pending: 3), costs) == 0, "busy") }
        #expect(look(2, progress(20, pending: 3), costs) == 0)
        #expect(look(4, progress(20, pending: 3), costs) > 5_000)
        #expect(look(1, progress(21, pending: 3), costs) == 0)
        // The whole process stood still for a minute.
        now = now.advanced(milliseconds: 60_000)
        #expect(look(4, progress(21, pending: 3), costs) == 0)
        #expect(look(2, progress(22, pending: 3), costs) == 0)
        let slow = Mailbox.EngineState.ready([CostPoint(rows: 1, milliseconds: 4_000)])
        #expect(look(30, progress(22, pending: 3), slow) == 0, "a slow machine")
        #expect(look(4, progress(22, pending: 3), slow) > 32_000)
        // A file that is never read to its end.
        var loading = EngineWatch(rowBudget: 64, now: now)
        for second in 1...700 {
            now = now.advanced(milliseconds: 1_000)
            let said = loading.look(.loading, progress(0, pending: 0), now: now)
            #expect((said > 0) == (second > 600))
        }
    }
}
