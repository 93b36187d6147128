import CascadeCore

/// How far the coordinator has sent each client the answers that it follows. Clients ask again for what they lack, and
/// take the rest from the report: a coordinator that leaves something out is seen here alone.
struct SentStreams: Sendable {
    /// Where the next part of an answer begins.
    private struct Offset: Hashable {
        var tokens = 0
        var bytes = 0
    }

    /// More than one where a request waits for the disk: what was under way before it may still come.
    private var next: [PeerID: [JobID: Set<Offset>]] = [:]

    /// A client wants an answer from an offset on.
    mutating func take(_ watch: Watch, from peer: PeerID, isDeferred: Bool) {
        let offset = Offset(tokens: Int(watch.tokenOffset), bytes: Int(watch.byteOffset))
        let earlier = isDeferred ? next[peer]?[watch.job] ?? [Offset()] : []
        next[peer, default: [:]][watch.job] = earlier.union([offset])
    }

    /// A client submits: the job's answer is sent from the beginning, or goes on where it is sent already.
    mutating func takeSubmission(from peer: PeerID) {
        next[peer] = next[peer]?.mapValues { $0.union([Offset()]) }
    }

    /// What is wrong with a part of an answer, behind those that were sent before it. Where requests have waited for
    /// the disk, several that asked from one offset on are all answered from there.
    mutating func problem(of delta: Delta, to peer: PeerID, isDeferred: Bool) -> String? {
        let offset = Offset(tokens: Int(delta.tokenOffset), bytes: Int(delta.byteOffset))
        var offsets = next[peer]?[delta.job] ?? [Offset()]
        guard offsets.contains(offset) else {
            return
                "a part of job \(delta.job) begins at \(offset.tokens), \(offset.bytes), not behind the one before it"
        }
        if !isDeferred { offsets.remove(offset) }
        offsets.insert(Offset(tokens: offset.tokens + delta.tokens.count, bytes: offset.bytes + delta.text.count))
        next[peer, default: [:]][delta.job] = offsets
        return nil
    }

    /// What is wrong with a report, behind the parts that were sent before it.
    mutating func problem(of report: JobReport, to peer: PeerID, isDeferred: Bool) -> String? {
        let offsets = next[peer]?[report.job] ?? [Offset()]
        if !isDeferred { next[peer]?[report.job] = nil }
        let end = Offset(tokens: report.tokens.count, bytes: report.text.count)
        if offsets.contains(end) { return nil }
        return "job \(report.job) ends at \(end.tokens), \(end.bytes), and its client was not sent all of it"
    }
}
