import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// A pool that nobody serves: a word to the client, and none on the cluster's health.
struct PoolTests {
    private func elsewhere(_ harness: inout Harness, _ pool: String, _ prompt: String = "abc") -> Submit {
        var submit = harness.submission(prompt, maxTokens: 5)
        submit.pool = pool
        return submit
    }

    private func status(_ harness: inout Harness) -> ClusterStatus? {
        let asker = PeerID(Array("asker".utf8))
        harness.feed(.statusRequest(StatusRequest(requestID: 1)), from: asker)
        guard case .clusterStatus(let status) = harness.messages(asker).last else { return nil }
        return status
    }

    /// Lets time pass with a client that goes on following.
    private func wait(_ harness: inout Harness, seconds: Int, _ job: JobID?) {
        for _ in 0..<seconds {
            harness.wait(milliseconds: 1_000)
            harness.watch(job)
        }
    }

    @Test func aClusterThatStandsRefusesAtOnce() throws {
        var harness = Harness.pair()
        harness.join(ToyNode("second", .expert, pool: "zebra"))
        wait(&harness, seconds: 61, nil)
        let typo = harness.submit(elsewhere(&harness, "typo"))
        #expect(typo == nil)
        let refused = try #require(harness.refusals().last)
        #expect(refused.code == .badRequest)
        #expect(refused.message == "no node serves a pool named typo; there are: default, zebra")
        #expect(refused.retryAfterMilliseconds == 0)
        harness.wait(milliseconds: 10_000)
        #expect(status(&harness)?.stall == nil)
        #expect(status(&harness)?.queuedJobs == 0)
    }

    /// Nodes of other pools may be on their way: the job waits, is no reason for alarm, and ends when they have not
    /// come.
    @Test func aClusterThatStartsWaits() throws {
        var harness = Harness.pair()
        let typo = harness.submit(elsewhere(&harness, "typo"))
        let late = harness.submit(elsewhere(&harness, "late"))
        wait(&harness, seconds: 30, typo)
        #expect(harness.report(typo) == nil)
        #expect(status(&harness)?.stall == nil)
        harness.join(ToyNode("late", .expert, pool: "late"))
        harness.settle()
        #expect(harness.report(late)?.reason == .length)
        wait(&harness, seconds: 35, typo)
        #expect(harness.report(typo)?.error?.code == .badRequest)
        #expect(harness.report(typo)?.error?.message.contains("there are: default, late") == true)
        #expect(status(&harness)?.queuedJobs == 0)
    }

    /// Jobs outlive their nodes.
    @Test func aPoolWhoseNodesHaveGoneIsWaitedFor() throws {
        var harness = Harness.pair()
        wait(&harness, seconds: 100, nil)
        for node in harness.nodes { harness.feed(.peerLost(node.peer)) }
        harness.nodes = []
        let submitted = harness.submit(harness.submission("abc", maxTokens: 5))
        let job = try #require(submitted)
        wait(&harness, seconds: 1_000, job)
        #expect(harness.report(job) == nil)
        #expect(try #require(status(&harness)?.stall).note.contains("pool default"))
        harness.join(ToyNode("back", .expert))
        harness.settle()
        #expect(harness.report(job)?.reason == .length)
    }

    /// Nobody at all: there is nothing to tell a typo by. It is said that nobody is there, and after the time that a
    /// model may take to load it is no use to wait.
    @Test func aClusterWithoutNodesGetsTheTimeOfLoading() throws {
        var harness = Harness()
        let job = harness.submit(harness.submission("abc", maxTokens: 5))
        wait(&harness, seconds: 590, job)
        #expect(harness.report(job) == nil)
        #expect(status(&harness)?.stall != nil)
        wait(&harness, seconds: 15, job)
        #expect(harness.report(job)?.error?.code == .badRequest)
        let again = harness.submit(harness.submission("again"))
        #expect(again == nil)
        #expect(harness.refusals().last?.message.contains("no other pool has nodes either") == true)
        #expect(status(&harness)?.stall == nil)
    }

    /// What an earlier coordinator accepted waits for its nodes, however long they take, and alarms nobody.
    @Test func restoredJobsAreNotRefused() throws {
        var first = Harness(keepsJournal: true)
        first.submit(elsewhere(&first, "far"))
        let job = try #require(first.records.first?.job)
        var second = Harness(keepsJournal: true)
        second.feed(.restored(JournaledJob.jobs(first.records)))
        second.join(ToyNode("expert", .expert))
        wait(&second, seconds: 700, nil)
        #expect(status(&second)?.queuedJobs == 1)
        #expect(status(&second)?.stall == nil)
        second.feed(.journaled(upTo: UInt64(second.records.count)))
        second.join(ToyNode("far", .expert, pool: "far"))
        for _ in 0..<2 {
            second.feed(.journaled(upTo: UInt64(second.records.count)))
            second.settle()
        }
        second.feed(.journaled(upTo: UInt64(second.records.count)))
        second.watch(job)
        #expect(second.report(job)?.reason == .length)
    }

    @Test func poolsThatCameAndWentAreBounded() {
        var harness = Harness.pair()
        for index in 0..<200 {
            let node = ToyNode("node", .expert, incarnation: UInt64(index), pool: "pool \(index)")
            harness.feed(.hello(node.hello), from: node.peer)
            harness.feed(.goodbye(Goodbye(reason: "")), from: node.peer)
        }
        let pools = harness.machine.pools
        #expect((0..<200).count { pools.isKnown("pool \($0)") } == 63, "and the one that is there")
        #expect(harness.machine.pools.count == 1)
        #expect(harness.forgottenPools.count == 200)
    }

    /// The pool whose nodes stay is judged, and known when they go, however many have come and gone.
    @Test func aPoolThatStaysIsNotForgotten() throws {
        var harness = Harness.pair()
        for index in 0..<200 {
            let node = ToyNode("node", .expert, incarnation: UInt64(index), pool: "pool \(index)")
            harness.feed(.hello(node.hello), from: node.peer)
            harness.feed(.goodbye(Goodbye(reason: "")), from: node.peer)
        }
        wait(&harness, seconds: 100, nil)
        for node in harness.nodes { harness.feed(.peerLost(node.peer)) }
        harness.nodes = []
        let submitted = harness.submit(harness.submission("abc", maxTokens: 5))
        let job = try #require(submitted)
        wait(&harness, seconds: 10, job)
        #expect(harness.report(job) == nil)
        #expect(try #require(status(&harness)?.stall).note.contains("pool default"))
    }

    // MARK: Vocabularies

    private func vocabulary(_ number: UInt64) -> Vocabulary {
        Vocabulary(pieces: [[], [97]] + [[UInt8]](repeating: [98], count: 25), endTokens: [0], hash: hash(number))
    }

    private func hash(_ number: UInt64) -> Hash128 { Hash128(high: 100, low: number) }

    private func tokenizer(_ number: UInt64) -> TokenizerID {
        TokenizerID(ToyNode("guest", .expert, vocabularyHash: hash(number)).hello)
    }

    /// An expert joins, ships its vocabulary where it is asked for it, and leaves.
    private func visit(
        _ harness: inout Harness,
        _ number: UInt64,
        incarnation: UInt64 = 1,
        fingerprint: UInt64 = 9
    ) {
        let node = ToyNode(
            "guest",
            .expert,
            incarnation: incarnation,
            peer: "guest \(number)/\(incarnation)",
            pool: "guests",
            fingerprint: fingerprint,
            vocabularyHash: hash(number)
        )
        harness.feed(.hello(node.hello), from: node.peer)
        if case .welcome(let welcome)? = harness.messages(node.peer).last, welcome.wantsTokenizer {
            harness.feed(.vocabulary(pool: "guests", TokenizerID(node.hello), vocabulary(number)))
        }
        harness.feed(.goodbye(Goodbye(reason: "")), from: node.peer)
    }

    /// Twenty models with twenty vocabularies, one after the other: what no pool has is forgotten, the longest unused
    /// first, here and in the driver.
    @Test func vocabulariesAreBounded() {
        var harness = Harness.pair()
        for number in 0..<20 as Range<UInt64> { visit(&harness, number) }
        #expect(harness.machine.gauges.vocabularies == 3)
        #expect(harness.tokenizers == [Toy.tokenizer, tokenizer(18), tokenizer(19)])
        #expect(harness.machine.gauges.excesses(over: harness.machine.limits).isEmpty)
        // The one that comes back is not asked for, and is the last to go.
        let known = harness.machine.transitions[.vocabularyKnown]
        visit(&harness, 18, incarnation: 2)
        #expect(harness.machine.transitions[.vocabularyKnown] == known)
        visit(&harness, 20)
        #expect(harness.tokenizers == [Toy.tokenizer, tokenizer(18), tokenizer(20)])
    }

    /// The same where a drafter stays, and its pool with it: twenty models with the drafter's tokens.
    @Test func vocabulariesOfAPoolThatStaysAreBounded() {
        var harness = Harness.pair()
        let drafter = ToyNode("drafter of guests", .drafter, pool: "guests", vocabularyHash: hash(0))
        harness.feed(.hello(drafter.hello), from: drafter.peer)
        for number in 1...20 as ClosedRange<UInt64> {
            visit(&harness, 0, incarnation: number, fingerprint: 100 + number)
        }
        #expect(harness.machine.pools["guests"] != nil)
        #expect(harness.machine.transitions[.vocabularyKnown] == 21)
        #expect(harness.machine.gauges.vocabularies == 3)
        #expect(harness.tokenizers.count == 3)
        #expect(harness.machine.gauges.excesses(over: harness.machine.limits).isEmpty)
    }

    /// The same tokens say nothing of how a chat is written: each pool has its experts' own tokenizer. One model in two
    /// pools is asked for it once.
    @Test func poolsOfOtherModelsHaveTokenizersOfTheirOwn() throws {
        var harness = Harness.pair()
        harness.readsPrompts = false
        let other = ToyNode("other", .expert, pool: "other", fingerprint: 10)
        let same = ToyNode("same", .expert, pool: "same")
        let wants = [other, same].map { node in
            harness.feed(.hello(node.hello), from: node.peer)
            guard case .welcome(let welcome)? = harness.messages(node.peer).last else { return false }
            return welcome.wantsTokenizer
        }
        #expect(wants == [true, false])
        harness.submit(elsewhere(&harness, "other"))
        #expect(harness.unreadPrompts.isEmpty, "its tokenizer has not come")
        harness.submit(elsewhere(&harness, "same"))
        let first = try #require(harness.unreadPrompts.first)
        #expect(first.tokenizer == Toy.tokenizer && first.pool == "same")
        // What was made of the block of another model is not what was asked for.
        harness.feed(.vocabulary(pool: "other", tokenizer(7), Toy.vocabulary))
        #expect(harness.tokenizers == [Toy.tokenizer])
        harness.feed(.vocabulary(pool: "other", TokenizerID(other.hello), Toy.vocabulary))
        #expect(harness.tokenizers == [Toy.tokenizer, TokenizerID(other.hello)])
        harness.feed(.tokenized(first.job, .tokens([1])))
        #expect(harness.unreadPrompts.last?.tokenizer == TokenizerID(other.hello))
        #expect(harness.machine.gauges.vocabularies == 2)
    }

    /// A drafter that comes first does not say whose tokenizer its pool will have; an expert of a known model does.
    @Test func anExpertOfAKnownModelBringsItsTokenizerAlong() throws {
        var harness = Harness.pair()
        harness.readsPrompts = false
        let drafter = ToyNode("early", .drafter, pool: "same", fingerprint: 4)
        harness.feed(.hello(drafter.hello), from: drafter.peer)
        harness.submit(elsewhere(&harness, "same"))
        #expect(harness.unreadPrompts.isEmpty)
        let expert = ToyNode("late", .expert, pool: "same")
        harness.feed(.hello(expert.hello), from: expert.peer)
        #expect(harness.unreadPrompts.first?.tokenizer == Toy.tokenizer)
    }

    /// A block that comes when its pool is gone, or is not what was said, is not kept.
    @Test func uselessTokenizersAreNotKept() {
        var harness = Harness.pair()
        harness.feed(.vocabulary(pool: "nobody", tokenizer(7), vocabulary(7)))
        harness.feed(.vocabulary(pool: "default", tokenizer(8), vocabulary(8)))
        #expect(harness.tokenizers == [Toy.tokenizer])
        // One that is known already stays.
        harness.feed(.vocabulary(pool: "nobody", Toy.tokenizer, Toy.vocabulary))
        #expect(harness.tokenizers == [Toy.tokenizer])
    }

    /// What a pool with jobs needs is not forgotten, although its nodes are gone.
    @Test func vocabulariesInUseStay() throws {
        var harness = Harness.pair()
        harness.mute("expert")
        let submitted = harness.submit(harness.submission("abc", maxTokens: 5))
        let job = try #require(submitted)
        for node in harness.nodes { harness.feed(.goodbye(Goodbye(reason: "")), from: node.peer) }
        for number in 0..<20 as Range<UInt64> { visit(&harness, number) }
        #expect(harness.tokenizers.contains(Toy.tokenizer))
        harness.muted = []
        harness.nodes = []
        harness.join(ToyNode("again", .expert))
        harness.settle()
        #expect(harness.report(job)?.reason == .length)
    }
}
