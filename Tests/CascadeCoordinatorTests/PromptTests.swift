import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Prompts become tokens beside everything else, one at a time, clients in turn, and no further than is of use.
struct PromptTests {
    private typealias Tokenization = CoordinatorStateMachine.Tokenization

    private let many = PeerID(Array("many".utf8))
    private let other = PeerID(Array("other".utf8))

    /// A coordinator whose driver takes its time over prompts.
    private func slow(_ limits: CoordinatorLimits = Harness.fixed) -> Harness {
        var harness = Harness(limits: limits)
        harness.readsPrompts = false
        harness.join(ToyNode("expert", .expert, contextLength: 64))
        return harness
    }

    /// The driver is done with what it reads.
    private func read(_ harness: inout Harness) throws -> Tokenization {
        let request = try #require(harness.unreadPrompts.first)
        harness.unreadPrompts.removeFirst()
        harness.feed(.tokenized(request.job, .tokens(Toy.tokens(request.prompt))))
        return request
    }

    @Test func oneIsReadAtATimeAndClientsTakeTurns() throws {
        var harness = slow()
        for index in 0..<4 { harness.submit(harness.submission("many \(index)", maxTokens: 2), from: many) }
        #expect(harness.unreadPrompts.count == 1)
        harness.submit(harness.submission("other", maxTokens: 2), from: other)
        var order: [String] = []
        while !harness.unreadPrompts.isEmpty {
            #expect(harness.unreadPrompts.count == 1)
            let request = try read(&harness)
            #expect(request.limit == 63)
            order.append(String(decoding: request.prompt, as: UTF8.self))
        }
        #expect(order == ["many 0", "other", "many 1", "many 2", "many 3"])
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 5)
    }

    /// What is cancelled meanwhile is not read, and what is being read blocks nobody but until it has been.
    @Test func cancelledPromptsAreNotRead() throws {
        var harness = slow()
        var jobs: [JobID] = []
        for index in 0..<4 {
            let submitted = harness.submit(harness.submission("many \(index)", maxTokens: 2), from: many)
            jobs.append(try #require(submitted))
        }
        for job in jobs.dropLast() { harness.feed(.cancel(Cancel(requestID: 1, job: job)), from: many) }
        #expect(harness.unreadPrompts.count == 1)
        _ = try read(&harness)
        #expect(try read(&harness).job == jobs[3])
        harness.settle()
        #expect(harness.unreadPrompts.isEmpty)
        #expect(harness.report(jobs[3], many)?.reason == .length)
    }

    @Test func aClientsUnreadPromptsAreBounded() throws {
        var limits = Harness.fixed
        limits.job.promptBytes = 1_000
        limits.unreadBytesPerClient = 4_000
        var harness = slow(limits)
        let prompt = String(repeating: "x", count: 900)
        for _ in 0..<10 { harness.submit(harness.submission(prompt, maxTokens: 2), from: many) }
        let refused = harness.refusals(many)
        #expect(refused.count == 8)
        #expect(refused.allSatisfy { $0.code == .overloaded && $0.retryAfterMilliseconds > 0 })
        let short = harness.submit(harness.submission("short", maxTokens: 2), from: other)
        #expect(short != nil)
        // Once they are tokens, or have turned out to be too many, there is room again.
        while !harness.unreadPrompts.isEmpty { _ = try read(&harness) }
        let again = harness.submit(harness.submission(prompt, maxTokens: 2), from: many)
        #expect(again != nil)
    }

    @Test func aPromptThatIsTooLongIsNotReadToItsEnd() throws {
        var harness = slow()
        let submitted = harness.submit(harness.submission(String(repeating: "x", count: 9_000)))
        let job = try #require(submitted)
        let request = try #require(harness.unreadPrompts.first)
        harness.feed(.tokenized(request.job, .tooLong(limit: request.limit)))
        let error = try #require(harness.report(job)?.error)
        #expect(error.code == .contextExceeded)
        #expect(error.message == "the prompt has more than 63 tokens; with its answer, pool default holds 64")
    }

    /// The largest expert of the pool counts; as long as there is none, whatever is there is read.
    @Test func theLimitIsTheLargestExperts() throws {
        var harness = slow()
        harness.join(ToyNode("larger", .expert, contextLength: 256, kvTokens: 100))
        harness.submit(harness.submission("a", maxTokens: 2))
        #expect(try read(&harness).limit == 99)
    }

    /// A pool that goes away and comes back with other tokens while a prompt is read.
    @Test func aPromptIsReadAgainForAnotherVocabulary() throws {
        var harness = slow()
        let submitted = harness.submit(harness.submission("abc", maxTokens: 2))
        let job = try #require(submitted)
        harness.feed(.goodbye(Goodbye(reason: "")), from: harness.node("expert").peer)
        let hash = Hash128(high: 4, low: 4)
        let expert = ToyNode("expert", .expert, incarnation: 2, vocabularyHash: hash)
        harness.feed(.hello(expert.hello), from: expert.peer)
        harness.feed(.ready(Ready(boot: 77, costs: [], credits: 8)), from: expert.peer)
        harness.nodes.append(expert)
        _ = try read(&harness)
        #expect(harness.unreadPrompts.isEmpty)
        let vocabulary = Vocabulary(
            pieces: (0..<Toy.count).map { Array(Toy.vocabulary.bytes(of: Token($0))) },
            endTokens: [0],
            hash: hash
        )
        harness.feed(.vocabulary(pool: "default", TokenizerID(expert.hello), vocabulary))
        #expect(try read(&harness).tokenizer == TokenizerID(expert.hello))
        harness.settle()
        #expect(harness.report(job)?.tokens.count == 2)
    }
}
