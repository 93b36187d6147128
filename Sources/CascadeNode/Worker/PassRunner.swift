internal import CascadeCore

/// Runs passes over whatever waits, and says how it goes; confined to the engine's thread.
struct PassRunner {
    let mailbox: Mailbox
    /// Taken for each pass; nil where cores are not shared.
    var turn: TurnLock?

    /// Serves until the mailbox is stopped. `kvTokensUsed` says how many tokens the cache holds.
    func serve<Loop: WorkLoop>(_ loop: inout Loop, kvTokensUsed: (Loop) -> Int) {
        var gathering = Gathering()
        var passes: UInt64 = 0
        var busy = 0.0
        while !mailbox.isStopped {
            // What came during the pass cannot follow its answers; what is waited for may.
            loop.add(mailbox.takeWork(waiting: false))
            let others = loop.pendingCount
            if others == 0 { loop.add(mailbox.takeWork(waiting: true)) }
            gathering.gather(returned: loop.pendingCount - others, from: mailbox) { loop.add([$0]) }
            let isMyTurn = !loop.isIdle && turn?.take() == true
            // What came while others had their turn.
            if isMyTurn { loop.add(mailbox.takeWork(waiting: false)) }
            let started = MonotonicTime.now()
            let replies = loop.runPass()
            busy += MonotonicTime.seconds(since: started) * 1_000
            turn?.release()
            passes += 1
            gathering.noteAnswers(replies.count)
            mailbox.endPass(
                CascadeCore.Progress(
                    passes: passes,
                    pending: UInt32(loop.pendingCount),
                    kvTokensUsed: UInt32(kvTokensUsed(loop)),
                    busyMilliseconds: UInt64(busy),
                    prefixCacheHitTokens: loop.hitTokens
                ),
                replies: replies
            )
        }
    }
}
