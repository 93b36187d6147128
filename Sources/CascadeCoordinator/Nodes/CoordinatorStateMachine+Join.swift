import CascadeCore
import OrderedCollections

/// How nodes come.
extension CoordinatorStateMachine {
    /// Whether a live node has that name.
    package func hasNode(named name: String) -> Bool {
        nodes.handle(named: name) != nil
    }

    mutating func takeHello(_ hello: Hello, from peer: PeerID) {
        let name = hello.identity.name
        if let problem = problem(of: hello) {
            refuseNode(hello, peer, .badRequest, problem)
            return
        }
        if let known = nodes.handle(named: name), let node = nodes[known] {
            if node.hello == hello {
                rejoin(known, from: peer)
                return
            }
            // The name may still belong to a live process. One that was killed is silent, or its peer is gone: its
            // successor gets in at the second try.
            let hold = limits.heartbeatMilliseconds * 2
            let silence = UInt64(now.milliseconds(since: node.lastHeard))
            if node.peer != peer, silence < hold {
                let wait = UInt32(clamping: hold - silence)
                let message = "another live node is named \(name): choose another name or stop that node"
                refuseNode(hello, peer, .nodeNameTaken, message, retryAfterMilliseconds: wait)
                return
            }
            transitions.count(.nodeReplaced)
            removeNode(known, isDeath: true)
        }
        if let other = nodes.handle(of: peer) {
            // The same connection under another name: the process behind it is another one.
            transitions.count(.nodeReplaced)
            removeNode(other, isDeath: true)
        }
        guard nodes.count < limits.nodes else {
            let message = "the coordinator takes at most \(limits.nodes) nodes"
            refuseNode(hello, peer, .overloaded, message, retryAfterMilliseconds: limits.retryAfterMilliseconds)
            return
        }
        if let (code, message) = joinPool(hello) {
            refuseNode(hello, peer, code, message)
            return
        }
        let node = nodes.insert(Node(hello: hello, peer: peer, lastHeard: now))
        pools.noteService(of: hello.pool, at: now)
        transitions.count(.nodeJoined)
        forgiveDeath(of: hello.identity)
        log(.info, "node joined", LogField("node", name), LogField("role", hello.role.rawValue))
        welcome(node)
    }

    /// The same process again: it heard nothing for a while, or has a new connection, in which case what was in the old
    /// one is lost.
    private mutating func rejoin(_ handle: NodeHandle, from peer: PeerID) {
        transitions.count(.nodeRejoined)
        let hasMoved = nodes[handle]?.peer != peer
        if hasMoved {
            if let other = nodes.handle(of: peer) { removeNode(other, isDeath: true) }
            nodes.rebind(handle, to: peer)
        }
        nodes.change(handle) { [now] in $0.hear(at: now) }
        welcome(handle)
        if hasMoved { resendAll(to: handle) }
    }

    /// What was in a node's old connection is lost. Connections break; those that break each time that something is
    /// asked end the request. Each is looked up anew: dealing with one may end others.
    private mutating func resendAll(to handle: NodeHandle) {
        for request in requests where request.node == handle {
            guard let index = requests.index(of: request.fence, at: handle) else { continue }
            requests[index].misses += 1
            if request.misses < limits.missingPerRequest {
                resend(index)
            } else {
                fail(index, because: "a node's connection broke \(request.misses + 1) times while it was asked")
            }
        }
    }

    private mutating func refuseNode(
        _ hello: Hello,
        _ peer: PeerID,
        _ code: RefusalCode,
        _ message: String,
        retryAfterMilliseconds: UInt32 = 0
    ) {
        transitions.count(.nodeRefused)
        log(.warning, "node refused", LogField("node", hello.identity.name), LogField("reason", message))
        refuse(peer, code, message, retryAfterMilliseconds: retryAfterMilliseconds)
    }

    private func problem(of hello: Hello) -> String? {
        let names = [hello.identity.name, hello.pool, hello.modelName, hello.software, hello.numericsID]
        if let long = names.first(where: { $0.utf8.count > limits.nameBytes }) {
            return "names may have at most \(limits.nameBytes) bytes, not \(long.utf8.count)"
        }
        if hello.identity.name.isEmpty { return "the node has no name" }
        if hello.pool.isEmpty { return "the node names no pool" }
        if hello.vocabularyCount == 0 { return "the node's vocabulary is empty" }
        if hello.contextLength < 2 { return "the node's context holds fewer than 2 tokens" }
        if hello.kvTokens < 2 { return "the node's cache holds fewer than 2 tokens" }
        return nil
    }

    /// Checks that the node fits its pool, which it founds or completes; says why not.
    private mutating func joinPool(_ hello: Hello) -> (RefusalCode, String)? {
        guard let pool = pools[hello.pool] else {
            guard pools.count < limits.pools else {
                return (.overloaded, "the coordinator keeps at most \(limits.pools) pools")
            }
            var pool = Pool(
                name: hello.pool,
                vocabularyHash: hello.vocabularyHash,
                vocabularyCount: Int(hello.vocabularyCount),
                isSynthetic: hello.isSynthetic
            )
            if hello.role == .expert { pool.expertModel = ExpertModel(hello) }
            pools.found(pool)
            readNextPrompt()
            return nil
        }
        let wayOut = wayOut(of: pool)
        if pool.isSynthetic != hello.isSynthetic {
            let message = "pool \(pool.name) has \(pool.isSynthetic ? "synthetic nodes" : "models"): \(wayOut)"
            return (.modelMismatch, message)
        }
        if pool.vocabularyHash != hello.vocabularyHash || pool.vocabularyCount != Int(hello.vocabularyCount) {
            return (
                .vocabularyMismatch,
                """
                the tokens of \(hello.modelName) (\(hello.vocabularyHash), \(hello.vocabularyCount)) are not those of \
                pool \(pool.name) (\(pool.vocabularyHash), \(pool.vocabularyCount)): use models of one family, or \
                \(wayOut)
                """
            )
        }
        guard hello.role == .expert else { return nil }
        let model = ExpertModel(hello)
        if let expected = pool.expertModel, expected != model {
            return (
                .modelMismatch,
                """
                expert \(model.name) (\(model.fingerprint), numerics \(model.numericsID)) cannot join pool \
                \(pool.name), whose experts must all be \(expected.name) (\(expected.fingerprint), numerics \
                \(expected.numericsID)): start it with that model file, and the same version and settings of cascade, \
                or \(wayOut)
                """
            )
        }
        pools.setExpertModel(model, of: hello.pool)
        // Another pool may have brought its tokenizer.
        if pool.expertModel == nil { readNextPrompt() }
        return nil
    }

    /// What to do about a pool that does not take a node.
    private func wayOut(of pool: Pool) -> String {
        let isHeld = jobs.values.contains { $0.submit.pool == pool.name && $0.journaled != nil }
        return isHeld ? "cancel the jobs that were begun with it, or use another pool" : "use another pool"
    }

    private mutating func welcome(_ handle: NodeHandle) {
        guard let node = nodes[handle] else { return }
        let wants = askForTokenizer(handle)
        let welcome = Welcome(
            boot: boot,
            heartbeatMilliseconds: UInt32(limits.heartbeatMilliseconds),
            wantsTokenizer: wants
        )
        send(.welcome(welcome), to: node.peer)
    }

    mutating func takeReady(_ ready: Ready, from handle: NodeHandle) {
        guard let node = nodes[handle] else { return }
        guard ready.boot == boot else {
            askToJoinAgain(node.peer)
            return
        }
        if ready.credits == 0 {
            startDraining(handle)
            return
        }
        guard node.state != .draining else { return }
        let (costs, least) = (isSound(ready.costs) ? ready.costs : [], conducts[node.name].leastMilliseconds)
        let isNew = nodes.change(handle) { [limits] node in
            node.takeCosts(costs, least: least)
            return node.begin(credits: min(Int(ready.credits), limits.credits))
        }
        guard isNew == true else { return }
        transitions.count(.nodeReady)
        if node.hello.role == .expert { pools.noteProgress(of: node.hello.pool, at: now) }
        log(.info, "node ready", LogField("node", node.hello.identity.name))
    }

    private func isSound(_ costs: [CostPoint]) -> Bool {
        guard costs.count <= limits.costPoints else { return false }
        var rows: UInt32 = 0
        for point in costs {
            guard point.rows > rows, point.milliseconds.isFinite, point.milliseconds >= 0 else { return false }
            rows = point.rows
        }
        return true
    }

    /// A message from a peer that never said hello to this coordinator, or was given up: it shall say hello.
    mutating func answerUnknownNode(_ message: Message, _ peer: PeerID) {
        transitions.count(.nodeUnknown)
        switch message {
        case .goodbye: return
        case .drafted, .verified, .missing, .failed: transitions.count(.replyStale)
        default: break
        }
        askToJoinAgain(peer, "this node did not join the coordinator since its start, or was given up as silent")
    }

    /// Whoever sends this joined another boot of the coordinator, or none: it has to say hello.
    mutating func askToJoinAgain(
        _ peer: PeerID,
        _ cause: String = "the coordinator was started again after this node joined it"
    ) {
        refuse(peer, .notReady, "\(cause); the node has to join again, and cascade's nodes do by themselves")
    }
}
