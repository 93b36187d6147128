import CascadeCore
import OrderedCollections

/// What clients see of jobs. A watcher is a pair of offsets; nothing is queued for it.
extension CoordinatorStateMachine {
    mutating func watch(_ watch: Watch, from peer: PeerID, _ principal: Principal) {
        guard state(of: watch.job, for: principal) != nil else {
            refuseUnknown(watch.job, peer, requestID: watch.requestID)
            return
        }
        follow(watch, from: peer, key: principal.owner.key)
    }

    /// Sends what the client lacks and follows the job for it; the client's offsets stand, whatever was sent before.
    mutating func follow(_ watch: Watch, from peer: PeerID, key: String) {
        if let ended = finished[watch.job] {
            replay(ended, watch, to: peer)
            return
        }
        guard let job = jobs[watch.job] else { return }
        let (tokens, bytes) = (job.answer.tokens.count, job.answer.text.count)
        guard watch.tokenOffset <= tokens, watch.byteOffset <= bytes else {
            let message = "the job has \(tokens) tokens and \(bytes) bytes of text, fewer than the offsets asked for"
            refuse(peer, .badRequest, message, requestID: watch.requestID, tellsOfJob: true)
            return
        }
        var watcher = Watcher(
            peer: peer,
            key: key,
            tokenOffset: Int(watch.tokenOffset),
            byteOffset: Int(watch.byteOffset),
            lastActive: now
        )
        let isKnown = job.watchers.contains { $0.peer == peer }
        guard isKnown || (job.watchers.count < limits.watchersPerJob && jobs.watcherCount < limits.watchers) else {
            let message = "too many clients follow this job or this coordinator: try again later"
            let wait = limits.retryAfterMilliseconds
            // Not before the word that the job was accepted, which a client takes this for the answer to otherwise.
            refuse(
                peer,
                .overloaded,
                message,
                requestID: watch.requestID,
                retryAfterMilliseconds: wait,
                tellsOfJob: true
            )
            return
        }
        sendDelta(of: job, to: watcher, state: job.state, evenIfEmpty: true)
        watcher.tokenOffset = tokens
        watcher.byteOffset = bytes
        if jobs.follow(watch.job, watcher) { transitions.count(.watcherAttached) }
    }

    private mutating func replay(_ ended: FinishedJob, _ watch: Watch, to peer: PeerID) {
        let report = ended.report
        let tokenOffset = min(Int(watch.tokenOffset), report.tokens.count)
        let byteOffset = min(Int(watch.byteOffset), report.text.count)
        if tokenOffset < report.tokens.count || byteOffset < report.text.count {
            let delta = Delta(
                job: watch.job,
                state: .finished,
                note: "",
                tokenOffset: UInt32(tokenOffset),
                byteOffset: UInt32(byteOffset),
                tokens: Array(report.tokens[tokenOffset...]),
                origins: Array(ended.answer.origins[tokenOffset...]),
                text: Array(report.text[byteOffset...]),
                explanations: Array(ended.answer.explanations.dropFirst(tokenOffset))
            )
            for piece in delta.pieces { send(.delta(piece), to: peer) }
        }
        send(.finished(Finished(report: report)), to: peer)
    }

    /// Sends every watcher of a job what was committed since its last delta.
    mutating func sendDeltas(of id: JobID) {
        guard let job = jobs[id] else { return }
        for watcher in job.watchers { sendDelta(of: job, to: watcher, state: job.state, evenIfEmpty: false) }
        jobs.change(id) { [now] in $0.noteDeltas(at: now) }
    }

    /// A node says how far it is with a prompt: whoever waits for the first token of the answer is told. It is only
    /// told, and kept nowhere.
    mutating func showReading(_ reading: SequenceReading, from handle: NodeHandle) {
        let id = reading.sequence.job
        guard requests.contains(where: { $0.node == handle && $0.fence.sequence == reading.sequence }),
            let job = jobs[id], let sequence = job.sequence, job.answer.tokens.isEmpty
        else { return }
        if !job.watchers.isEmpty { transitions.count(.readingShown) }
        // Of how many tokens is known here.
        let tokens = UInt32(sequence.base)
        let prompt = PromptReading(tokensRead: min(reading.prompt.tokensRead, tokens), tokens: tokens)
        for watcher in job.watchers {
            sendDelta(of: job, to: watcher, state: job.state, evenIfEmpty: true, prompt: prompt)
        }
    }

    mutating func sendDelta(
        of job: Job,
        to watcher: Watcher,
        state: JobState,
        evenIfEmpty: Bool,
        prompt: PromptReading? = nil
    ) {
        let answer = job.answer
        let isNew = watcher.tokenOffset < answer.tokens.count || watcher.byteOffset < answer.text.count
        guard evenIfEmpty || isNew else { return }
        let delta = Delta(
            job: job.id,
            state: state,
            note: state == .finished ? "" : note(of: job),
            tokenOffset: UInt32(watcher.tokenOffset),
            byteOffset: UInt32(watcher.byteOffset),
            tokens: Array(answer.tokens.dropFirst(watcher.tokenOffset)),
            origins: Array(answer.origins.dropFirst(watcher.tokenOffset)),
            text: Array(answer.text.dropFirst(watcher.byteOffset)),
            explanations: Array(answer.explanations.dropFirst(watcher.tokenOffset)),
            prompt: prompt
        )
        for piece in delta.pieces { send(.delta(piece), to: watcher.peer) }
    }

    // MARK: Watchers that go

    /// The peer is gone or does not read; a client that still lives watches again from its own offset.
    mutating func dropWatchers(of peer: PeerID) {
        guard jobs.watcherCount > 0 else { return }
        for id in jobs.keys { dropWatcher(peer, of: id) }
    }

    mutating func dropWatcher(_ peer: PeerID, of id: JobID) {
        if jobs.unfollow(id, peer) { transitions.count(.watcherDropped) }
    }

    mutating func dropSilentWatchers() {
        guard jobs.watcherCount > 0 else { return }
        for id in jobs.keys {
            let silent = jobs[id]?.watchers.filter {
                $0.lastActive.advanced(milliseconds: limits.watchSilenceMilliseconds) < now
            }
            for watcher in silent ?? [] { dropWatcher(watcher.peer, of: id) }
        }
    }
}
