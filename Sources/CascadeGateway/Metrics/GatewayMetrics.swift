internal import Synchronization

/// What the gateway itself counts and measures.
final class GatewayMetrics: Sendable {
    private struct State {
        var requests: [Key: UInt64] = [:]
        var streams = 0
        var batchLines = (completed: 0, failed: 0)
        var firstToken = Histogram(edges: Histogram.firstTokenEdges)
        var betweenTokens = Histogram(edges: Histogram.betweenTokensEdges)
    }

    private struct Key: Hashable {
        var route: String
        var code: String
    }

    private let state = Mutex(State())

    /// The codes that have a label of their own; others are `other`, so that there is an end of labels.
    static let codes: Set<Int> = [
        200, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 499, 500, 501, 503, 504,
    ]

    /// Counts an answer. `route` is a route's pattern, never a path that somebody sent.
    func countRequest(route: Route?, code: Int) {
        let key = Key(route: route?.pattern ?? "other", code: Self.codes.contains(code) ? "\(code)" : "other")
        state.withLock { $0.requests[key, default: 0] += 1 }
    }

    /// A stream begins.
    func streamOpened() { state.withLock { $0.streams += 1 } }

    /// It ended.
    func streamClosed() { state.withLock { $0.streams -= 1 } }

    /// Streams that are open now.
    var openStreams: Int { state.withLock(\.streams) }

    /// A line of a batch has its result.
    func countBatchLine(isError: Bool) {
        state.withLock { state in
            if isError { state.batchLines.failed += 1 } else { state.batchLines.completed += 1 }
        }
    }

    /// The first tokens of an answer came, so long after its request.
    func observeFirstToken(seconds: Double) { state.withLock { $0.firstToken.observe(seconds) } }

    /// `count` tokens came together, so long after those before them: each took its share.
    func observeTokens(_ count: Int, seconds: Double) {
        state.withLock { $0.betweenTokens.observe(seconds / Double(count), times: count) }
    }

    /// The text of `/metrics`: the gateway's part, and the cluster's where it answers.
    ///
    /// - Parameter batches: how many there are of each state; nil where the gateway has none.
    func text(cluster: ClusterMetrics?, batches: [Batch.Status: Int]? = nil) -> String {
        let state = state.withLock { $0 }
        var text = MetricsText()
        text.write("cascade_up", .gauge, "Whether the cluster's coordinator answers.", cluster == nil ? 0 : 1)
        if let cluster { text.write(cluster) }
        let requests = state.requests.sorted { ($0.key.route, $0.key.code) < ($1.key.route, $1.key.code) }
        text.write(
            "cascade_http_requests_total",
            .counter,
            "Answers of the gateway by route and status.",
            requests.map { ([("route", $0.key.route), ("code", $0.key.code)], Double($0.value)) }
        )
        text.write("cascade_http_streams_open", .gauge, "Streams that are being written.", Double(state.streams))
        if let batches {
            text.write(
                "cascade_batches",
                .gauge,
                "Batches by their state.",
                Batch.Status.allCases.map { ([("state", $0.rawValue)], Double(batches[$0] ?? 0)) }
            )
            text.write(
                "cascade_batch_lines_total",
                .counter,
                "Lines of batches that got their result since the gateway began.",
                [
                    ([("result", "completed")], Double(state.batchLines.completed)),
                    ([("result", "failed")], Double(state.batchLines.failed)),
                ]
            )
        }
        text.write(
            "cascade_time_to_first_token_seconds",
            "From a request at the gateway to the first token of its answer.",
            state.firstToken
        )
        text.write(
            "cascade_inter_token_latency_seconds",
            "Between two tokens of an answer; tokens that come together share the time.",
            state.betweenTokens
        )
        return text.text
    }
}
