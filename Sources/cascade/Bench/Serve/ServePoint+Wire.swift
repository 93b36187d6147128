internal import CascadeCore

extension ServePoint.Wire {
    /// Messages of rounds, between coordinator and nodes.
    private static let roundMessages: Set<String> = [
        "draft", "drafted", "verify", "verified", "missing", "failed", "release",
    ]
    /// Messages between coordinator and clients.
    private static let clientMessages: Set<String> = ["submit", "accepted", "watch", "cancel", "delta", "finished"]

    /// What the coordinator counted from status to status of each turn.
    ///
    /// - Parameters:
    ///   - tokens: committed tokens of the turns.
    ///   - drafted: drafted tokens of the turns.
    init(_ turns: [TurnOutcome], tokens: Int, drafted: UInt64) {
        var rounds = 0.0
        var kinds: [String: (messages: UInt64, bytes: UInt64)] = [:]
        for turn in turns {
            guard let before = turn.statusBefore, let after = turn.statusAfter, before.boot == after.boot else {
                continue
            }
            rounds += Double(after.counts.rounds - before.counts.rounds)
            for kind in after.traffic {
                let old = before.traffic.first { $0.message == kind.message } ?? MessageTraffic(message: kind.message)
                let messages = kind.sentMessages + kind.receivedMessages - old.sentMessages - old.receivedMessages
                let bytes = kind.sentBytes + kind.receivedBytes - old.sentBytes - old.receivedBytes
                kinds[kind.message, default: (0, 0)].messages += messages
                kinds[kind.message]?.bytes += bytes
            }
        }
        func bytes(_ names: Set<String>) -> Double {
            kinds.reduce(0) { names.contains($1.key) ? $0 + Double($1.value.bytes) : $0 }
        }
        let ofRounds = bytes(Self.roundMessages)
        bytesPerRound = Nullable(rounds > 0 ? ofRounds / rounds : nil)
        bytesPerToken = Nullable(tokens > 0 && rounds > 0 ? ofRounds / Double(tokens) : nil)
        bytesPerDraftedPosition = Nullable(drafted > 0 && rounds > 0 ? ofRounds / Double(drafted) : nil)
        clientBytesPerToken = Nullable(tokens > 0 && rounds > 0 ? bytes(Self.clientMessages) / Double(tokens) : nil)
        messages = kinds.filter { $0.value.messages > 0 && rounds > 0 }.map { name, sum in
            Kind(
                message: name,
                perRound: Double(sum.messages) / rounds,
                bytesEach: Double(sum.bytes) / Double(sum.messages)
            )
        }.sorted { $0.message < $1.message }
    }
}
