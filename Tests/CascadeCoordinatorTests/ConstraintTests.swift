import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Jobs whose answers are constrained: read where they are submitted, they go to nodes that know constraints alone.
@Suite struct ConstraintTests {
    private static let letters = OutputConstraint(.grammar, "root ::= [a-z]*")

    private static func constrained(_ harness: inout Harness, _ prompt: String = "hello") -> Submit {
        var submit = harness.submission(prompt)
        submit.constraint = letters
        return submit
    }

    private static func old(_ name: String, _ role: NodeRole) -> ToyNode {
        ToyNode(name, role, samplingVersion: OutputConstraint.version - 1)
    }

    @Test func theSpecHasIt() throws {
        var harness = Harness.pair()
        let submit = Self.constrained(&harness)
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        let prompt = Toy.tokens(submit.prompt)
        // The toy models say nothing but letters.
        #expect(report.reason == .length && report.tokens == Toy.answer(prompt: prompt, count: report.tokens.count))
        for name in ["expert", "drafter"] {
            let specs = harness.node(name).received.compactMap { message -> SequenceSpec? in
                switch message {
                case .draft(let draft): draft.spec
                case .verify(let verify): verify.spec
                default: nil
                }
            }
            #expect(!specs.isEmpty && specs.allSatisfy { $0.constraint == Self.letters }, "\(name)")
        }
    }

    @Test(arguments: [
        (OutputConstraint(.grammar, "root ::= ("), "the grammar cannot be used: "),
        (OutputConstraint(.grammar, "start ::= \"a\""), "root"),
        (OutputConstraint(.jsonSchema, "{"), "the JSON schema cannot be used: "),
        (OutputConstraint(.grammar), "a grammar must have 1 to 65536 bytes, not 0"),
        (OutputConstraint(.jsonObject, "{}"), "no text goes with it"),
        (OutputConstraint(.grammar, String(repeating: "#", count: 65_537)), "must have 1 to 65536 bytes, not 65537"),
    ])
    func whatCannotBeUsedIsRefused(constraint: OutputConstraint, words: String) throws {
        var harness = Harness.pair()
        var submit = harness.submission()
        submit.constraint = constraint
        #expect(harness.submit(submit) == nil)
        let refused = try #require(harness.refusals().last)
        #expect(refused.code == .badRequest && refused.message.contains(words), "\(refused.message)")
    }

    @Test func whereNoExpertKnowsConstraintsTheJobIsRefused() throws {
        var harness = Harness()
        harness.join(Self.old("expert", .expert))
        harness.join(ToyNode("drafter", .drafter))
        #expect(harness.submit(Self.constrained(&harness)) == nil)
        let refused = try #require(harness.refusals().last)
        #expect(refused.code == .badRequest && refused.message.contains("can constrain answers"))
        // Penalties are known there.
        var submit = harness.submission()
        submit.sampling.presencePenalty = 1
        #expect(harness.submit(submit) != nil)
    }

    @Test func newNodesAnswerAndOldOnesAreLeftOut() throws {
        var harness = Harness()
        harness.join(Self.old("old", .expert))
        harness.join(ToyNode("new", .expert))
        harness.join(Self.old("old drafter", .drafter))
        let jobs = (0..<6).map { harness.submit(Self.constrained(&harness, "abc\($0)")) }
        harness.settle()
        for job in jobs { #expect(harness.report(job)?.reason == .length) }
        #expect(harness.asked("old") == 0 && harness.asked("old drafter") == 0)
        #expect(harness.asked("new") > 0)
    }

    /// The same key with another constraint is another submission; its bytes count for what jobs may hold.
    @Test func aKeyBelongsToItsConstraint() {
        var harness = Harness.pair()
        var submit = Self.constrained(&harness)
        #expect(harness.submit(submit) != nil)
        let bytes = submit.byteCount
        submit.requestID += 100
        submit.constraint = nil
        #expect(submit.byteCount == bytes - Self.letters.text.utf8.count)
        #expect(harness.submit(submit) == nil)
        #expect(harness.refusals().last?.message.contains("belongs to another submission") == true)
    }
}
