import CascadeCoordinator
import CascadeCore
import CascadeWorker
import Testing

struct NodeTests {
    private func hello(_ node: ToyNode, to harness: inout Harness) -> [Message] {
        harness.feed(.hello(node.hello), from: node.peer)
        return harness.messages(node.peer)
    }

    @Test func theFirstExpertIsAskedForItsTokenizer() {
        var harness = Harness()
        let messages = hello(ToyNode("drafter", .drafter), to: &harness)
        #expect(messages == [.welcome(Welcome(boot: 77, heartbeatMilliseconds: 1000, wantsTokenizer: false))])
        let first = hello(ToyNode("expert-1", .expert), to: &harness)
        #expect(first == [.welcome(Welcome(boot: 77, heartbeatMilliseconds: 1000, wantsTokenizer: true))])
        let second = hello(ToyNode("expert-2", .expert), to: &harness)
        #expect(second == [.welcome(Welcome(boot: 77, heartbeatMilliseconds: 1000, wantsTokenizer: false))])
    }

    @Test func aSourceThatDiesOrIsSlowIsReplaced() {
        var harness = Harness()
        let nodes = [ToyNode("expert-1", .expert), ToyNode("expert-2", .expert)]
        for node in nodes { _ = hello(node, to: &harness) }
        harness.feed(.peerLost(nodes[0].peer))
        #expect(
            harness.messages(nodes[1].peer).last
                == .welcome(Welcome(boot: 77, heartbeatMilliseconds: 1000, wantsTokenizer: true))
        )
        // It never ships; asked again when its time is over. Pongs keep it alive.
        harness.nodes = [nodes[1]]
        harness.wait(milliseconds: 31_000)
        #expect(harness.machine.transitions[.tokenizerAsked] == 3)
        #expect(harness.machine.transitions[.nodeReaped] == 0)
    }

    @Test func chunksComeFromTheSourceOnly() {
        var harness = Harness()
        let (source, other) = (ToyNode("expert-1", .expert), ToyNode("expert-2", .expert))
        _ = hello(source, to: &harness)
        _ = hello(other, to: &harness)
        var chunk = TokenizerChunk(vocabularyHash: Toy.hash, totalBytes: 4, offset: 0, bytes: [1, 2])
        #expect(harness.feed(.tokenizerChunk(chunk), from: other.peer).isEmpty)
        let expected = CoordinatorStateMachine.Action.collectTokenizer(pool: "default", Toy.tokenizer, chunk)
        #expect(harness.feed(.tokenizerChunk(chunk), from: source.peer) == [expected])
        chunk.offset = 3
        #expect(harness.feed(.tokenizerChunk(chunk), from: source.peer).isEmpty)
        chunk = TokenizerChunk(vocabularyHash: Hash128(high: 8, low: 8), totalBytes: 4, offset: 0, bytes: [1])
        #expect(harness.feed(.tokenizerChunk(chunk), from: source.peer).isEmpty)
        chunk = TokenizerChunk(vocabularyHash: Toy.hash, totalBytes: .max, offset: 0, bytes: [1])
        #expect(harness.feed(.tokenizerChunk(chunk), from: source.peer).isEmpty)
    }

    @Test func aVocabularyThatIsNotThePoolsIsNotTaken() {
        var harness = Harness()
        _ = hello(ToyNode("expert", .expert), to: &harness)
        let other = Vocabulary(pieces: [[], [97]], endTokens: [0], hash: Toy.hash)
        harness.feed(.vocabulary(pool: "default", Toy.tokenizer, other))
        harness.feed(.vocabulary(pool: "nobody", Toy.tokenizer, Toy.vocabulary))
        harness.feed(.vocabularyFailed(pool: "default", "no tokens"))
        #expect(harness.machine.transitions[.vocabularyKnown] == 0)
        harness.feed(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary))
        #expect(harness.machine.transitions[.vocabularyKnown] == 1)
    }

    @Test func refusesOtherTokens() throws {
        var harness = Harness.pair()
        let stranger = ToyNode("other", .drafter, vocabularyHash: Hash128(high: 5, low: 5))
        _ = hello(stranger, to: &harness)
        let refused = try #require(harness.refusals(stranger.peer).last)
        #expect(refused.code == .vocabularyMismatch)
        #expect(refused.message.contains(Toy.hash.description))
        #expect(refused.message.contains(Hash128(high: 5, low: 5).description))
    }

    @Test(arguments: [(10 as UInt64, "n1"), (9, "n2")])
    func refusesOtherExperts(fingerprint: UInt64, numericsID: String) {
        var harness = Harness.pair()
        let other = ToyNode("other", .expert, fingerprint: fingerprint, numericsID: numericsID)
        _ = hello(other, to: &harness)
        #expect(harness.refusals(other.peer).last?.code == .modelMismatch)
        // Another pool may have it, and so may this one when nobody holds it to the old model.
        let elsewhere = ToyNode("other", .expert, pool: "second", fingerprint: fingerprint, numericsID: numericsID)
        _ = hello(elsewhere, to: &harness)
        #expect(harness.machine.transitions[.nodeJoined] == 3)
        harness.feed(.goodbye(Goodbye(reason: "")), from: elsewhere.peer)
        harness.feed(.goodbye(Goodbye(reason: "")), from: harness.node("expert").peer)
        _ = hello(other, to: &harness)
        #expect(harness.machine.transitions[.nodeJoined] == 4)
    }

    @Test func drafterModelsMayDiffer() {
        var harness = Harness.pair()
        _ = hello(ToyNode("second", .drafter, fingerprint: 1234), to: &harness)
        #expect(harness.machine.transitions[.nodeRefused] == 0)
    }

    @Test func aNameBelongsToItsLiveHolder() throws {
        var harness = Harness.pair()
        let thief = ToyNode("expert", .expert, incarnation: 2)
        _ = hello(thief, to: &harness)
        let refused = try #require(harness.refusals(thief.peer).last)
        #expect(refused.code == .nodeNameTaken)
        #expect(refused.retryAfterMilliseconds > 0)
        // Its holder falls silent: the next process of that name replaces it before it is reaped.
        harness.mute("expert")
        harness.wait(milliseconds: 2100)
        _ = hello(thief, to: &harness)
        #expect(harness.machine.transitions[.nodeReplaced] == 1)
        #expect(harness.machine.transitions[.nodeReaped] == 0)
        // The old process wakes up and is told that it is nobody.
        let old = PeerID(Array("expert/1".utf8))
        harness.feed(
            .pong(
                Pong(boot: 77, number: 1, progress: .init(passes: 1, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0))
            ),
            from: old
        )
        #expect(harness.held.contains { $0.to == old && $0.message.isRefusal(.notReady) })
    }

    @Test func theSameProcessMayComeBackOnAnotherConnection() throws {
        var harness = Harness.pair()
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 5))
        harness.settle()
        #expect(harness.heldVerify("expert") != nil)
        // What was under way on the old connection is lost; it is sent again on the new one.
        harness.held = []
        var moved = ToyNode("expert", .expert, incarnation: 1, peer: "elsewhere")
        moved.worker = harness.node("expert").worker
        harness.nodes.append(moved)
        harness.feed(.hello(moved.hello), from: moved.peer)
        harness.settle()
        #expect(harness.machine.transitions[.nodeRejoined] == 1)
        #expect(harness.report(job)?.tokens.count == 5)
    }

    @Test func helloAgainChangesNothing() {
        var harness = Harness.pair()
        let expert = harness.node("expert")
        harness.feed(.hello(expert.hello), from: expert.peer)
        harness.settle()
        let job = harness.submit(harness.submission())
        harness.settle()
        #expect(harness.report(job) != nil)
    }

    @Test func readyOfAnotherBootIsRefused() {
        var harness = Harness()
        let node = ToyNode("expert", .expert)
        _ = hello(node, to: &harness)
        harness.feed(.ready(Ready(boot: 76, costs: [], credits: 1)), from: node.peer)
        #expect(harness.refusals(node.peer).last?.code == .notReady)
        #expect(harness.machine.transitions[.nodeReady] == 0)
    }

    @Test func strangersAreToldToSayHello() {
        var harness = Harness()
        let stranger = PeerID([9])
        let fence = Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: 1)
        let messages: [Message] = [
            .ready(Ready(boot: 77, costs: [], credits: 1)),
            .verified(Verified(fence: fence, evidence: [], bonus: 1)),
            .drafted(Drafted(fence: fence, positions: [])),
            .missing(Missing(fence: fence, length: 0, needsSpec: true)),
            .failed(Failed(fence: fence, code: .badRequest, message: "")),
        ]
        for message in messages { harness.feed(message, from: stranger) }
        #expect(harness.refusals(stranger).count == messages.count)
        #expect(harness.refusals(stranger).allSatisfy { $0.code == .notReady })
        #expect(harness.machine.transitions[.replyStale] == 4)
        harness.feed(.goodbye(Goodbye(reason: "")), from: stranger)
        #expect(harness.refusals(stranger).count == messages.count)
    }

    @Test func silentNodesAreReaped() {
        var harness = Harness.pair()
        harness.mute("drafter")
        harness.wait(milliseconds: 6000)
        #expect(harness.machine.transitions[.nodeReaped] == 1)
        #expect(nodeNames(&harness) == ["expert"])
    }

    @Test func loadingNodesThatAnswerAreKept() {
        var harness = Harness()
        let node = ToyNode("expert", .expert)
        harness.nodes = [node]
        harness.feed(.hello(node.hello), from: node.peer)
        harness.wait(milliseconds: 120_000)
        #expect(nodeNames(&harness) == ["expert"])
        #expect(harness.machine.transitions[.nodeReady] == 0)
    }

    @Test func aPauseOfItsOwnReapsNobody() {
        var harness = Harness.pair()
        harness.wait(milliseconds: 3000)
        // Ten minutes later, with not even a tick in between.
        harness.now = harness.now.advanced(milliseconds: 600_000)
        harness.feed(.tick)
        harness.settle()
        #expect(harness.machine.transitions[.pauseNoticed] == 1)
        #expect(harness.machine.transitions[.nodeReaped] == 0)
        harness.wait(milliseconds: 10_000)
        #expect(nodeNames(&harness) == ["drafter", "expert"])
    }

    @Test func drainingNodesGetNoNewRounds() {
        var harness = Harness.pair()
        harness.join(ToyNode("second", .expert))
        harness.submit(harness.submission("a", maxTokens: 400))
        for _ in 0..<30 { harness.deliver() }
        harness.feed(.drainNode(DrainNode(requestID: 9, name: "nobody")))
        #expect(harness.refusals().last?.message.contains("drafter, expert, second") == true)
        harness.feed(.drainNode(DrainNode(requestID: 10, name: "expert")))
        guard case .nodeList(let list)? = harness.messages().last else {
            Issue.record("a drain must be answered by the node")
            return
        }
        #expect(list.requestID == 10)
        #expect(list.nodes.map(\.state) == [.draining])
        let before = harness.node("expert").received.filter(\.isVerify).count
        harness.settle()
        #expect(harness.node("expert").received.filter(\.isVerify).count <= before + 1)
        #expect(harness.node("expert").received.contains(.drain(Drain(boot: 77))))
        #expect(harness.machine.transitions[.jobReachedLength] == 1)
        #expect(harness.machine.transitions[.expertChanged] == 1)
        harness.feed(.goodbye(Goodbye(reason: "drained")), from: harness.node("expert").peer)
        #expect(nodeNames(&harness) == ["drafter", "second"])
    }

    @Test func readyWithoutCreditsMeansDraining() {
        var harness = Harness.pair()
        harness.feed(.ready(Ready(boot: 77, costs: [], credits: 0)), from: harness.node("drafter").peer)
        let job = harness.submit(harness.submission("abc", maxTokens: 8))
        harness.settle()
        #expect(harness.report(job)?.counts.drafted == 0)
    }

    @Test func nodesAndPoolsAreBounded() {
        var limits = Harness.fixed
        limits.nodes = 3
        limits.pools = 2
        var harness = Harness(limits: limits)
        _ = hello(ToyNode("a", .expert, pool: "one"), to: &harness)
        _ = hello(ToyNode("b", .expert, pool: "two"), to: &harness)
        let third = ToyNode("c", .expert, pool: "three")
        _ = hello(third, to: &harness)
        #expect(harness.refusals(third.peer).last?.code == .overloaded)
        _ = hello(ToyNode("d", .drafter, pool: "two"), to: &harness)
        let fourth = ToyNode("e", .drafter, pool: "two")
        _ = hello(fourth, to: &harness)
        #expect(harness.refusals(fourth.peer).last?.code == .overloaded)
    }

    @Test func nonsenseIsRefused() {
        var harness = Harness()
        let nodes = [
            ToyNode("", .expert, peer: "1"), ToyNode("a", .expert, pool: ""), ToyNode("b", .expert, contextLength: 1),
            ToyNode("c", .expert, kvTokens: 0), ToyNode(String(repeating: "x", count: 200), .expert, peer: "2"),
        ]
        for node in nodes {
            _ = hello(node, to: &harness)
            #expect(harness.refusals(node.peer).last?.code == .badRequest)
        }
        #expect(harness.machine.transitions[.nodeJoined] == 0)
    }

    private func nodeNames(_ harness: inout Harness) -> [String] {
        let asker = PeerID(Array("asker".utf8))
        harness.feed(.nodesRequest(NodesRequest(requestID: 1)), from: asker)
        guard case .nodeList(let list) = harness.messages(asker).last else { return [] }
        return list.nodes.map(\.identity.name)
    }
}

extension Message {
    var isVerify: Bool {
        if case .verify = self { return true }
        return false
    }

    var isDraft: Bool {
        if case .draft = self { return true }
        return false
    }

    func isRefusal(_ code: RefusalCode) -> Bool {
        if case .refused(let refused) = self { return refused.code == code }
        return false
    }
}
