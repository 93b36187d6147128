internal import CascadeCore

/// Runs passes over whatever waits, and says how it goes; confined to the engine's thread.
struct PassRunner {
    let mailbox: Mailbox
    /// Taken for each pass; nil where cores are not shared.
    var turn: TurnLock?

    /// Milliseconds that a pass takes however few rows it has.
    let passMilliseconds: Double

    /// Serves until the mailbox is stopped. `kvTokensUsed` says how many tokens the cache holds.
    func serve<Loop: WorkLoop>(_ loop: inout Loop, kvTokensUsed: (Loop) -> Int) {
        var gathering = Gathering(passMilliseconds: passMilliseconds)
        var passes: UInt64 = 0
        var busy = 0.0
        while !mailbox.isStopped {
            take(mailbox.takeWork(waiting: false), to: &loop, &gathering)
            if loop.isIdle { take(mailbox.takeWork(waiting: true), to: &loop, &gathering) }
            while let patience = gathering.patience(at: MonotonicTime.now()) {
                let works = mailbox.takeWork(withinMilliseconds: patience)
                if works.isEmpty { break }
                take(works, to: &loop, &gathering)
            }
            let hadWork = !loop.isIdle
            let isMyTurn = hadWork && turn?.take() == true
            // What came while others had their turn.
            if isMyTurn { take(mailbox.takeWork(waiting: false), to: &loop, &gathering) }
            let started = MonotonicTime.now()
            let replies = loop.runPass()
            busy += MonotonicTime.seconds(since: started) * 1_000
            turn?.release()
            // A turn that only let sequences go was none.
            if hadWork { passes += 1 }
            gathering.noteAnswers(replies.compactMap { $0.fence?.sequence }, at: MonotonicTime.now())
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

    private func take<Loop: WorkLoop>(_ works: [Mailbox.Posted], to loop: inout Loop, _ gathering: inout Gathering) {
        for posted in works {
            gathering.noteReturn(of: posted.work.sequence, isReleased: !posted.work.isRequest, at: posted.at)
            loop.add(posted.work)
        }
    }
}
