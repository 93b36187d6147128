import CascadeCore
import CascadeWorker
import Synchronization
import Testing

@testable import CascadeNode

/// What a node has in hand, and what it says of it.
struct MailboxTests {
    private func verify(_ round: UInt32) -> Mailbox.Work {
        let fence = Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: round)
        let prefix = Prefix(baseLength: 1, hash: PrefixHash.empty, tail: [1])
        return .request(.verify(Verify(fence: fence, specID: 1, spec: nil, prefix: prefix, draft: [])))
    }

    private func progress(_ passes: UInt64, pending: UInt32) -> Progress {
        Progress(passes: passes, pending: pending, kvTokensUsed: 0, busyMilliseconds: 0)
    }

    /// Hedges that lose are released, retries are replaced: neither is ever answered, and neither may count for ever.
    @Test func requestsThatAreDroppedAreNotInHand() {
        let mailbox = Mailbox()
        for round in 0..<100 {
            mailbox.post(verify(UInt32(round)))
            mailbox.post(.release(SequenceID(job: JobID(rawValue: 1))))
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
        mailbox.post(.release(SequenceID(job: JobID(rawValue: 1))))
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
}
