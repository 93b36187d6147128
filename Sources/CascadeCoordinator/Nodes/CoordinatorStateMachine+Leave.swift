import CascadeCore
import OrderedCollections

/// How nodes go.
extension CoordinatorStateMachine {
    mutating func losePeer(_ peer: PeerID) {
        dropWatchers(of: peer)
        gate.drop(for: peer)
        guard let handle = nodes.handle(of: peer) else { return }
        transitions.count(.nodeLost)
        removeNode(handle, isDeath: true)
    }

    mutating func takeGoodbye(_ goodbye: Goodbye, from handle: NodeHandle) {
        transitions.count(.nodeLeft)
        removeNode(handle, isDeath: false)
    }

    /// An operator wants a node to leave; asking again changes nothing.
    mutating func drainNode(_ request: DrainNode, from peer: PeerID, _ principal: Principal) {
        guard let handle = nodes.handle(named: request.name) else {
            let names = nodes.values.map(\.hello.identity.name).sorted().prefix(16).joined(separator: ", ")
            let message = "no node is named \(request.name); there are: \(names.isEmpty ? "none" : names)"
            refuse(peer, .badRequest, message, requestID: request.requestID)
            return
        }
        startDraining(handle)
        send(.drain(Drain(boot: boot)), to: handle)
        guard let node = nodes[handle] else { return }
        let summary = summary(of: node, handle, for: principal)
        send(.nodeList(NodeList(requestID: request.requestID, nodes: [summary])), to: peer)
    }

    /// The node finishes what it has; its sequences go elsewhere with their next round.
    mutating func startDraining(_ handle: NodeHandle) {
        guard nodes.change(handle, { $0.drain() }) == true, let node = nodes[handle] else { return }
        transitions.count(.nodeDraining)
        log(.info, "node draining", LogField("node", node.hello.identity.name))
    }

    /// Takes a node out; what it worked on goes elsewhere, and counts against it. A death counts against the sequences
    /// that it worked on as well.
    mutating func removeNode(_ handle: NodeHandle, isDeath: Bool) {
        guard let node = nodes.remove(handle) else { return }
        log(.info, "node gone", LogField("node", node.hello.identity.name))
        for id in jobs.running { jobs.changeSequence(of: id) { $0.forget(handle) } }
        let lost = requests.removeAll(at: handle)
        if let first = lost.first(where: { $0.sentAt < now }) {
            blame(node.name, for: first.job, because: "it went away while it was asked")
        }
        for request in lost {
            jobs.changeSequence(of: request.job) { $0.avoid(node.name) }
            // What was sent this very moment found nobody there, and killed nobody.
            if request.sentAt == now {
                replaceLost(request)
            } else if isDeath {
                noteDeath(of: node.hello.identity, workingOn: request)
                replaceDead(request)
            } else if request.role == .drafter
                || countFailure(of: request.job, because: "an expert left while it was asked")
            {
                replaceLost(request)
            }
        }
        if pools[node.hello.pool]?.tokenizerSource == handle { askAnotherForTokenizer(of: node.hello.pool) }
        trimPool(node.hello.pool)
    }

    /// A node has died in a round of a job. If several have, the job may be what kills them, and so it may be if
    /// experts have died again and again in its life (decisions.md 26). If the same one has and there is another, it is
    /// the node that dies: its deaths in one round count as failures. Without a draft a round can do; without an expert
    /// it cannot.
    private mutating func replaceDead(_ request: Request) {
        guard let job = jobs[request.job], let deaths = job.sequence?.deaths else { return }
        let dead = Set(deaths).count
        let areMany = deaths.count >= limits.deathsPerRound
        if request.role == .drafter {
            if dead >= limits.poisonDeaths || areMany { restFromDrafting(request.job) }
            replaceLost(request)
            return
        }
        if dead >= limits.poisonDeaths {
            transitions.count(.jobPoisoned)
            let message = "\(dead) nodes died while they worked on one round of this job"
            finish(request.job, .error, JobError(code: .poisoned, message: message))
            return
        }
        let names = job.expertDeaths.map(\.name)
        guard names.count >= limits.crashesPerJob || areMany else {
            replaceLost(request)
            return
        }
        let isOne = Set(names).count == 1
        if isOne, hasAnotherExpert(than: names[0], for: request.job) {
            if !areMany || countFailure(of: request.job, because: "an expert died while it was asked") {
                replaceLost(request)
            }
        } else if awaitsExpert(request.job) {
            replaceLost(request)
        } else if names.count < limits.crashesPerJob {
            let message = "\(deaths[0]) went away \(deaths.count) times while it worked on one round of this job"
            let words = "\(message), and there is no other expert"
            finish(request.job, .error, JobError(code: .nodeFailed, message: words))
        } else {
            let who = isOne ? "expert \(names[0])" : "experts (\(names.joined(separator: ", ")))"
            setAside(request.job, because: "\(who) died \(plural(names.count, "time")) while working on the job")
        }
    }

    /// A pool without nodes and without sequences that were begun with its models is forgotten; one without experts
    /// and such sequences may get other experts.
    mutating func trimPool(_ name: String) {
        guard let pool = pools[name] else { return }
        let members = nodes.values.filter { $0.hello.pool == name }
        if members.contains(where: { $0.hello.role == .expert }) { return }
        if jobs.values.contains(where: { $0.submit.pool == name && ($0.promptLength > 0 || $0.journaled != nil) }) {
            return
        }
        if members.isEmpty {
            pools.remove(name)
            actions.append(.forgetPool(name))
        } else {
            pools.setExpertModel(nil, of: name)
        }
        for tokenizer in pools.release(pool.tokenizer, keeping: limits.unusedVocabularies) {
            actions.append(.forgetTokenizer(tokenizer))
        }
    }
}
