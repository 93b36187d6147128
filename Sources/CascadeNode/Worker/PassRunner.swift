internal import CascadeCore
internal import CascadeHost
internal import CascadeWorker

/// Runs passes over whatever waits, and says how it goes; confined to the engine's thread.
struct PassRunner {
    let mailbox: Mailbox
    /// Taken for each pass; nil where cores are not shared.
    var turn: TurnLock?

    /// Milliseconds that a pass takes however few rows it has.
    let passMilliseconds: Double

    /// Serves until the mailbox is stopped.
    func serve(_ worker: inout Worker<some LanguageModel>) {
        var gathering = Gathering(passMilliseconds: passMilliseconds)
        var passes: UInt64 = 0
        var busy = 0.0
        while !mailbox.isStopped {
            take(mailbox.takeWork(waiting: false), to: &worker, &gathering)
            if worker.isIdle { take(mailbox.takeWork(waiting: true), to: &worker, &gathering) }
            while let patience = gathering.patience(at: MonotonicClock.now()) {
                let works = mailbox.takeWork(withinMilliseconds: patience)
                if works.isEmpty { break }
                take(works, to: &worker, &gathering)
            }
            let hadWork = worker.pendingCount > 0
            let isMyTurn = hadWork && turn?.take() == true
            // What came while others had their turn.
            if isMyTurn { take(mailbox.takeWork(waiting: false), to: &worker, &gathering) }
            let started = MonotonicClock.now()
            let replies = worker.runPass(at: started)
            busy += MonotonicClock.seconds(since: started) * 1_000
            turn?.release()
            // A turn that only let sequences go was none.
            if hadWork { passes += 1 }
            gathering.noteAnswers(replies.compactMap { $0.fence?.sequence }, at: MonotonicClock.now())
            mailbox.endPass(
                CascadeCore.Progress(
                    passes: passes,
                    pending: UInt32(worker.pendingCount),
                    kvTokensUsed: UInt32(worker.model.usedTokens),
                    busyMilliseconds: UInt64(busy),
                    prefixCacheHitTokens: worker.hitTokens
                ),
                readings: worker.readings,
                replies: replies
            )
        }
    }

    private func take(
        _ works: [Mailbox.Posted],
        to worker: inout Worker<some LanguageModel>,
        _ gathering: inout Gathering
    ) {
        for posted in works {
            gathering.noteReturn(of: posted.work.sequence, isReleased: !posted.work.isRequest, at: posted.at)
            switch posted.work {
            case .request(let request): worker.add(request)
            case .release(let sequence): worker.release(sequence)
            }
        }
    }
}
