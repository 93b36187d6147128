import CascadeTestSupport

extension FaultProxy {
    /// Is told of bytes of a connection with a machine before they wait; false makes the line swallow them and all that
    /// follow them.
    typealias MachineWatch = @Sendable (_ machine: String, Direction, _ bytes: Int) -> Bool

    /// Stands in a network's router at port 5570: answers at the first machine's address, hands everything on to that
    /// machine, and adds latency each way. Connections with keys are encrypted: it sees who sends and how much, not
    /// what.
    convenience init(
        _ network: VirtualNetwork,
        latency: Duration,
        watch: @escaping MachineWatch = { _, _, _ in true }
    ) throws {
        try self.init(
            listen: SocketAddress(host: VirtualNetwork.entrance, port: 5570),
            target: SocketAddress(host: VirtualNetwork.behind, port: 5570),
            namespace: network.router
        ) { client, direction, bytes in
            network.machine(at: client).map { watch($0, direction, bytes) } ?? true
        }
        set(LineConditions(latency: latency))
    }
}
