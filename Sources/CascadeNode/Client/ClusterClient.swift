package import CascadeCore
internal import CascadeHost
package import CascadeKeys
internal import CascadeTransport

/// A client's connection to the coordinator: messages out, one stream of events in.
package struct ClusterClient: Sendable {
    /// Where the coordinator is.
    package let endpoint: String
    /// The key that it shows; nil for none.
    package let key: ConnectionKey?
    /// Everything that happens, in order; bounded: the oldest events give way.
    package let events: AsyncStream<ClientEvent>
    private let continuation: AsyncStream<ClientEvent>.Continuation
    private let outbox = ClientOutbox()
    private let reactor: Reactor

    /// Starts connecting; the coordinator need not be there yet. Throws for an endpoint that makes no sense.
    package init(endpoint: String, key: ConnectionKey? = nil) throws(NodeError) {
        self.endpoint = endpoint
        self.key = key
        let (events, continuation) = AsyncStream.makeStream(
            of: ClientEvent.self,
            bufferingPolicy: .bufferingNewest(4_096)
        )
        self.events = events
        self.continuation = continuation
        do {
            reactor = try Reactor.start(
                role: .dealer(connect: endpoint),
                options: TransportOptions(),
                security: key?.security ?? .none,
                name: "client"
            ) { [outbox] _ in
                ClientHandler(
                    continuation: continuation,
                    outbox: outbox,
                    door: LockedDoor(endpoint: endpoint, key: key)
                )
            }
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Queues a message; it leaves as soon as the connection stands. Requests are idempotent, so callers repeat what is
    /// not answered instead of relying on one copy.
    package func send(_ message: Message) {
        outbox.append(message)
        reactor.wake()
    }

    /// Takes back what was queued and has not left; false where there is nothing.
    package func withdraw() -> Bool { outbox.clear() }

    /// Adds an event from outside, such as Ctrl-C.
    package func inject(_ event: ClientEvent) {
        continuation.yield(event)
    }

    /// Sends what is queued and closes the connection.
    package func close() async {
        reactor.stop("asked to")
        await reactor.waitUntilStopped()
        continuation.finish()
    }

    /// The cluster's nodes.
    package func nodes(seconds: Double) async throws(NodeError) -> [NodeSummary] {
        let message = Message.nodesRequest(NodesRequest(requestID: UInt64.random(in: 1...UInt64.max)))
        return try await request(message, seconds: seconds) { answer in
            if case .nodeList(let list) = answer { list.nodes } else { nil }
        }
    }

    /// Sends a request every second until `match` finds its answer, for `seconds` at most, which begin anew after this
    /// process stood still.
    package func request<Answer: Sendable>(
        _ message: Message,
        seconds: Double,
        match: (Message) -> Answer?
    ) async throws(NodeError) -> Answer {
        var started = MonotonicClock.now()
        var sent = 0.0
        var standstill = StandstillWatch(now: started)
        send(message)
        for await event in events {
            switch event {
            case .message(.refused(let refused)) where refused.code != .notReady: throw .refused(refused.message)
            case .message(let answer): if let found = match(answer) { return found }
            case .locked(let problem): throw .refused(problem)
            case .interrupted: throw .interrupted("interrupted")
            default: break
            }
            let now = MonotonicClock.now()
            if standstill.look(now: now) { (started, sent) = (now, -.infinity) }
            let elapsed = now.milliseconds(since: started) / 1_000
            if elapsed > seconds { break }
            if elapsed - sent > 1 {
                sent = elapsed
                send(message)
            }
        }
        throw .unreachable("no coordinator answers at \(endpoint) (waited \(secondsText(seconds)) s)")
    }
}
