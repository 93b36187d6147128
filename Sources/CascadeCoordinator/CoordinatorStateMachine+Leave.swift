import CascadeCore
import OrderedCollections

/// How nodes go.
extension CoordinatorStateMachine {
    mutating func losePeer(_ peer: PeerID) {
        dropWatchers(of: peer)
        dropHeld(for: peer)
        guard let handle = nodes.handle(of: peer) else { return }
        transitions.count(.nodeLost)
        removeNode(handle, isDeath: true)
    }

    mutating func takeGoodbye(_ goodbye: Goodbye, from handle: NodeHandle) {
        transitions.count(.nodeLeft)
        removeNode(handle, isDeath: false)
    }

    /// An operator wants a node to leave; asking again changes nothing.
    mutating func drainNode(_ request: DrainNode, from peer: PeerID) {
        guard let handle = nodes.handle(named: request.name) else {
            let names = nodes.values.map(\.hello.identity.name).sorted().prefix(16).joined(separator: ", ")
            let message = "no node is named \(request.name); there are: \(names.isEmpty ? "none" : names)"
            refuse(peer, .badRequest, message, requestID: request.requestID)
            return
        }
        startDraining(handle)
        send(.drain(Drain(boot: boot)), to: handle)
        guard let node = nodes[handle] else { return }
        send(.nodeList(NodeList(requestID: request.requestID, nodes: [summary(of: node, handle)])), to: peer)
    }

    /// The node finishes what it has; its sequences go elsewhere with their next round.
    mutating func startDraining(_ handle: NodeHandle) {
        guard let node = nodes[handle], node.state != .draining else { return }
        nodes[handle]?.state = .draining
        transitions.count(.nodeDraining)
        log(.info, "node draining", LogField("node", node.hello.identity.name))
    }

    /// Takes a node out; what it worked on goes elsewhere. A death counts against the sequences that it worked on.
    mutating func removeNode(_ handle: NodeHandle, isDeath: Bool) {
        guard let node = nodes.remove(handle) else { return }
        log(.info, "node gone", LogField("node", node.hello.identity.name))
        for id in running {
            _ = jobs[id]?.sequence?.removeHolding(of: handle)
            if jobs[id]?.sequence?.drafter == handle { jobs[id]?.sequence?.drafter = nil }
            if jobs[id]?.sequence?.expert == handle { jobs[id]?.sequence?.expert = nil }
        }
        let lost = requests.filter { $0.node == handle }
        requests.removeAll { $0.node == handle }
        for request in lost {
            // What was sent this very moment found nobody there, and killed nobody.
            if isDeath, request.sentAt < now { jobs[request.job]?.sequence?.deaths += 1 }
            if let sequence = jobs[request.job]?.sequence, sequence.deaths >= limits.poisonDeaths {
                avoidDeaths(request, deaths: sequence.deaths)
            } else {
                replaceLost(request)
            }
        }
        if pools[node.hello.pool]?.tokenizerSource == handle { askAnotherForTokenizer(of: node.hello.pool) }
        trimPool(node.hello.pool)
    }

    /// Several nodes have died in one round of a job: it may be what kills them. Without a draft a round can do; without an
    /// expert it cannot.
    private mutating func avoidDeaths(_ request: Request, deaths: Int) {
        if request.role == .drafter {
            restFromDrafting(request.job)
            replaceLost(request)
            return
        }
        transitions.count(.jobPoisoned)
        let message = "\(deaths) nodes died while they worked on one round of this job"
        finish(request.job, .error, JobError(code: .poisoned, message: message))
    }

    /// A pool without nodes and without sequences that were begun with its models is forgotten; one without experts
    /// and such sequences may get other experts.
    mutating func trimPool(_ name: String) {
        guard pools[name] != nil else { return }
        let members = nodes.values.filter { $0.hello.pool == name }
        if members.contains(where: { $0.hello.role == .expert }) { return }
        if jobs.values.contains(where: { $0.submit.pool == name && (!$0.prompt.isEmpty || $0.journaled != nil) }) {
            return
        }
        if members.isEmpty {
            pools.removeValue(forKey: name)
        } else {
            pools[name]?.expertModel = nil
        }
    }
}
