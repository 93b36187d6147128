internal import CascadeCore
internal import Foundation
internal import Logging

/// ``EngineThread`` without an engine: the thread on which a synthetic node's passes run.
final class SyntheticThread: Sendable {
    private let role: NodeRole
    private let settings: SyntheticSettings
    private let rowBudget: Int
    private let mailbox: Mailbox

    init(role: NodeRole, settings: SyntheticSettings, rowBudget: Int, mailbox: Mailbox) {
        self.role = role
        self.settings = settings
        self.rowBudget = rowBudget
        self.mailbox = mailbox
    }

    /// Starts the thread; it ends with the mailbox.
    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "synthetic"
        thread.start()
    }

    private func run() {
        // Passes without a duration have no curve that anything could be decided by.
        mailbox.setEngineState(.ready(settings.costs.contains { $0.milliseconds > 0 } ? settings.costs : []))
        switch role {
        case .drafter:
            var loop = SyntheticDrafterLoop(settings: settings, rowBudget: rowBudget)
            serve(&loop) { $0.table.tokenCount }
        case .expert:
            var loop = SyntheticExpertLoop(settings: settings, rowBudget: rowBudget)
            serve(&loop) { $0.table.tokenCount }
        }
    }

    private func serve<Loop: WorkLoop>(_ loop: inout Loop, tokens: (Loop) -> Int) {
        var passes: UInt64 = 0
        var busy = 0.0
        while !mailbox.isStopped {
            for work in mailbox.takeWork(waiting: loop.isIdle) {
                switch work {
                case .draft(let draft): loop.add(draft)
                case .verify(let verify): loop.add(verify)
                case .release(let release): loop.release(release.sequence)
                }
            }
            let started = MonotonicTime.now()
            let replies = loop.runPass()
            busy += MonotonicTime.seconds(since: started) * 1_000
            passes += 1
            mailbox.setProgress(
                CascadeCore.Progress(
                    passes: passes,
                    pending: UInt32(loop.pendingCount),
                    kvTokensUsed: UInt32(tokens(loop)),
                    busyMilliseconds: UInt64(busy)
                )
            )
            replies.forEach(mailbox.reply)
        }
    }
}
