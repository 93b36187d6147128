import CascadeCore
import CascadeWorker
import Foundation
import Testing

@testable import CascadeNode

/// An engine's thread, between its mailbox and its worker.
@Suite(.timeLimit(.minutes(1)))
struct PassRunnerTests {
    /// Serves as a drafter whose passes take 100 ms.
    private func drafter() -> Mailbox {
        let mailbox = Mailbox()
        Thread.detachNewThread {
            let settings = SyntheticSettings(acceptance: 1, costs: [CostPoint(rows: 1, milliseconds: 100)])
            var worker = Worker(model: SyntheticModel(.drafter, settings), maxBatchedTokens: 64)
            PassRunner(mailbox: mailbox, passMilliseconds: 0).serve(&worker)
        }
        return mailbox
    }

    private func draft(_ number: UInt64, count: UInt32, known: Int = 0) -> Mailbox.Work {
        let sequence = SequenceID(job: JobID(rawValue: number))
        let prompt: [Token] = [1, 2, 3]
        let prefix = Prefix(
            baseLength: 3,
            hash: PrefixHash.extend(PrefixHash.empty, prompt[..<known]),
            tail: Array(prompt[known...])
        )
        return .request(
            .draft(
                Draft(
                    fence: Fence(boot: 1, incarnation: 1, sequence: sequence, round: 1),
                    specID: 1,
                    spec: known == 0 ? SequenceSpec(id: 1, seed: 1) : nil,
                    prefix: prefix,
                    count: count,
                    minimumConfidence: 0
                )
            )
        )
    }

    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// A client cancels while its draft is in work: nobody may take the engine for stuck, and a drain ends.
    @Test func whatIsReleasedInAPassIsNotInHand() async throws {
        let mailbox = drafter()
        defer { mailbox.stop() }
        mailbox.post(draft(1, count: 8))
        try await wait { mailbox.progress.passes == 1 }
        #expect(mailbox.pending == 1)
        mailbox.post(.release(SequenceID(job: JobID(rawValue: 1))))
        try await wait { mailbox.pending == 0 }
        #expect(mailbox.takeReplies().isEmpty && mailbox.isIdle)
    }

    /// A request that comes during a pass and lacks something is answered although nothing else comes.
    @Test func whatIsMissingIsSaidAtOnce() async throws {
        let mailbox = drafter()
        defer { mailbox.stop() }
        mailbox.post(draft(1, count: 1))
        // The engine has it, and is in its pass.
        try await Task.sleep(for: .milliseconds(30))
        mailbox.post(draft(2, count: 1, known: 2))
        var replies: [Message] = []
        try await wait {
            replies += mailbox.takeReplies()
            return replies.count == 2
        }
        guard case .drafted? = replies.first, case .missing(let missing)? = replies.last else {
            Issue.record("\(replies)")
            return
        }
        #expect(missing.needsSpec)
    }
}
