internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// `cascade nodes drain`
struct NodesDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Let a node finish what it has and leave.",
        discussion: """
            The node gets no new requests, answers those it has and its process ends. Its sequences go on at other \
            nodes of the pool with their next round, none of them loses a token; where there is no other expert they \
            wait for one. The command returns when the node has left.

            EXAMPLES
              cascade nodes drain expert-2
              cascade nodes drain expert-2 --no-wait
            """
    )

    @Argument(help: "The node's name, as 'cascade nodes' shows it.")
    var node: String

    @Flag(help: "Return as soon as the node takes nothing new.")
    var noWait = false

    @Option(
        help: "Seconds after which to stop waiting; the node goes on draining (default: 600).",
        transform: Seconds.parse
    )
    var seconds: Seconds = 600

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        try await endpoint.withClient { client in
            let draining = try await ask(client)
            if noWait { return Output.note("\(Printable.line(node)) takes nothing new") }
            try await waitUntilGone(draining, client)
            Output.note("\(Printable.line(node)) has left")
        }
    }

    /// Asks for the drain; the node as it was then.
    private func ask(_ client: ClusterClient) async throws -> NodeSummary {
        let id = UInt64.random(in: 1...UInt64.max)
        let request = Message.drainNode(DrainNode(requestID: id, name: node))
        return try await client.request(request, seconds: 5) { message in
            if case .nodeList(let list) = message, list.requestID == id { list.nodes.first } else { nil }
        }
    }

    private func waitUntilGone(_ draining: NodeSummary, _ client: ClusterClient) async throws {
        let started = MonotonicClock.now()
        var told = draining.inFlight + 1
        while true {
            let nodes = try await client.nodes(seconds: 5)
            // Another process of that name is another node.
            guard let now = nodes.first(where: { $0.identity == draining.identity }) else { return }
            if now.inFlight < told {
                told = now.inFlight
                Output.note("\(Printable.line(node)) is draining: \(plural(told, "request")) in flight")
            }
            guard MonotonicClock.seconds(since: started) < seconds.value else {
                throw CommandFailure.failed(
                    """
                    \(node) still has \(plural(now.inFlight, "request")) after \(secondsText(seconds.value)) s; it \
                    goes on draining
                    """
                )
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
