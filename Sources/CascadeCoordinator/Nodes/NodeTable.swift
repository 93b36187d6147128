import CascadeCore

/// The live nodes, in the order they joined.
struct NodeTable: Sendable {
    private var nodes = InPlaceTable<NodeHandle, Node>()
    /// For look-up only: it is never iterated.
    private var handles: [PeerID: NodeHandle] = [:]
    private var lastHandle: UInt64 = 0

    var count: Int { nodes.count }

    /// Handles in the order of joining.
    var all: [NodeHandle] { Array(nodes.keys) }

    /// Nodes in the order of joining.
    var values: some Collection<Node> { nodes.values }

    /// Handles and nodes in the order of joining.
    var elements: some Sequence<(key: NodeHandle, value: Node)> {
        zip(nodes.keys, nodes.values).lazy.map { (key: $0, value: $1) }
    }

    /// Handles of the nodes that a test holds for, in the order of joining.
    func handles(where isWanted: (borrowing Node) -> Bool) -> [NodeHandle] {
        var handles: [NodeHandle] = []
        nodes.forEach { if isWanted($1) { handles.append($0) } }
        return handles
    }

    /// A live node; nil when it is gone.
    subscript(handle: NodeHandle) -> Node? { nodes[handle] }

    /// Looks at a live node where it is; nil when it is gone.
    @inline(__always) func read<Result>(_ handle: NodeHandle, _ body: (borrowing Node) -> Result) -> Result? {
        nodes.read(handle, body)
    }

    /// Changes a node where it is; nil when it is gone. Its peer is changed by ``rebind(_:to:)``.
    @discardableResult mutating func change<Result>(_ handle: NodeHandle, _ body: (inout Node) -> Result) -> Result? {
        nodes.change(handle, body)
    }

    /// The node behind a peer.
    func handle(of peer: PeerID) -> NodeHandle? {
        handles[peer]
    }

    /// The node of that name.
    func handle(named name: String) -> NodeHandle? {
        elements.first { $0.value.hello.identity.name == name }?.key
    }

    mutating func insert(_ node: Node) -> NodeHandle {
        lastHandle += 1
        let handle = NodeHandle(rawValue: lastHandle)
        nodes.insert(node, forKey: handle)
        handles[node.peer] = handle
        return handle
    }

    mutating func remove(_ handle: NodeHandle) -> Node? {
        guard let node = nodes.removeValue(forKey: handle) else { return nil }
        handles[node.peer] = nil
        return node
    }

    /// A node speaks from another address now.
    mutating func rebind(_ handle: NodeHandle, to peer: PeerID) {
        guard let old = nodes[handle]?.peer else { return }
        handles[old] = nil
        change(handle) { $0.rebind(to: peer) }
        handles[peer] = handle
    }
}
