import CascadeCore
import CascadeFuzzing
import Testing

@testable import CascadeWire

/// Fields that must fit each other, and numbers in raw frames.
struct RelationTests {
    /// The error that decoding the encoded `message` throws.
    private static func error(_ message: Message) -> WireError? {
        error(WireCodec.encode(message))
    }

    private static func error(_ frames: [[UInt8]]) -> WireError? {
        do {
            _ = try WireCodec.decode(frames)
            return nil
        } catch { return error }
    }

    private static func isInvalid(_ error: WireError?, _ message: String, _ field: String) -> Bool {
        if case .invalid(message, field, _, _) = error { true } else { false }
    }

    private static let verify = Verify(
        fence: Samples.fence,
        specID: 42,
        spec: Samples.spec,
        prefix: Samples.prefix,
        draft: Samples.positions
    )

    @Test("a base shorter than its tail")
    func prefix() {
        var verify = Self.verify
        verify.prefix.baseLength = 2
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "prefix.base_length"))
        verify.prefix.baseLength = 3
        #expect(Self.error(.verify(verify)) == nil)
        verify.prefix.baseLength = 1 << 20 + 1
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "prefix.base_length"))
    }

    @Test("a spec with another id, or unsound settings")
    func spec() {
        var verify = Self.verify
        verify.specID = 43
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "spec.id"))
        verify = Self.verify
        verify.spec?.sampling.topP = 0
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "spec.sampling"))
        verify = Self.verify
        verify.spec?.rule.alpha = 2
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "spec.rule"))
        for support in [0, -1, 1025] {
            verify = Self.verify
            verify.spec?.draftSupport = support
            #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "spec.draft_support"))
        }
        verify = Self.verify
        verify.spec?.promptLength = -1
        #expect(Self.isInvalid(Self.error(.verify(verify)), "verify", "spec.prompt_length"))
    }

    @Test("draft lengths from 1 to 64")
    func draftCount() {
        for count: UInt32 in [0, 1, 64, 65, .max] {
            let draft = Draft(fence: Samples.fence, specID: 1, spec: nil, prefix: Samples.prefix, count: count)
            #expect(Self.isInvalid(Self.error(.draft(draft)), "draft", "count") == !(1...64).contains(count))
        }
        let many = Array(repeating: Samples.positions[1], count: 65)
        let drafted = Drafted(fence: Samples.fence, positions: many)
        #expect(Self.isInvalid(Self.error(.drafted(drafted)), "drafted", "positions.tokens"))
    }

    @Test("a drafted token outside its row")
    func tokenOutsideRow() {
        var position = Samples.positions[0]
        position.token = 701
        let error = Self.error(.drafted(Drafted(fence: Samples.fence, positions: [position])))
        #expect(Self.isInvalid(error, "drafted", "positions.row 0"))
        position.row = Distribution(oneHot: 5)
        let oneHot = Self.error(.drafted(Drafted(fence: Samples.fence, positions: [position])))
        #expect(Self.isInvalid(oneHot, "drafted", "positions.row 0"))
    }

    @Test("a row of more entries than allowed")
    func longRow() throws {
        let row = try #require(
            Distribution(tokens: Array(0..<1025), weights: [Float](repeating: 1, count: 1025))
        )
        let position = DraftedPosition(token: 0, row: row, gate: DraftGate(maximum: 1))
        let error = Self.error(.drafted(Drafted(fence: Samples.fence, positions: [position])))
        #expect(Self.isInvalid(error, "drafted", "positions.row_entries"))
    }

    @Test("weights that are no weights and ids that do not ascend, in the raw frame")
    func rawRow() {
        let frames = WireCodec.encode(.drafted(Drafted(fence: Samples.fence, positions: Samples.positions)))
        // Ids as steps of 1, 2 and 3 bytes, then three weights.
        #expect(frames[1].count == 18)
        for bits in [Float.nan, .infinity, 0, -1, -.infinity].map(\.bitPattern) {
            for place in [6, 14] {
                var changed = frames
                withUnsafeBytes(of: bits.littleEndian) { changed[1].replaceSubrange(place..<place + 4, with: $0) }
                #expect(Self.isInvalid(Self.error(changed), "drafted", "positions.row 0"))
            }
        }
        // No step, a step beyond 32 bits in sum, one that never ends, one that takes a weight's bytes with it.
        for steps: [UInt8] in [[3, 0x80, 0], [3, 0xff, 0xff, 0xff, 0xff, 0x0f], [3, 0xff, 0xff, 0xff, 0xff, 0xff]] {
            var changed = frames
            changed[1].replaceSubrange(0..<steps.count, with: steps)
            #expect(Self.isInvalid(Self.error(changed), "drafted", "positions.row 0"))
        }
        var longer = frames
        longer[1][5] |= 0x80
        #expect(Self.isInvalid(Self.error(longer), "drafted", "positions.row 0"))
    }

    @Test("evidence that is no number or no probability, in the raw frame")
    func rawEvidence() {
        let frames = WireCodec.encode(.verified(Verified(fence: Samples.fence, evidence: Samples.evidence, bonus: 1)))
        #expect(frames[1].count == 2 * 56)
        for value in [Double.nan, .infinity, -.infinity, -0.5, -1e-5] {
            for place in 0..<14 {
                var changed = frames
                withUnsafeBytes(of: value.bitPattern.littleEndian) {
                    changed[1].replaceSubrange(8 * place..<8 * place + 8, with: $0)
                }
                guard case .invalid("verified", _, _, _) = Self.error(changed) else {
                    Issue.record("\(value) at \(place) gave \(String(describing: Self.error(changed)))")
                    continue
                }
            }
        }
        // Only entropy and ratio may exceed 1.
        for place in 0..<7 {
            var changed = frames
            withUnsafeBytes(of: 1.5.bitPattern.littleEndian) {
                changed[1].replaceSubrange(8 * place..<8 * place + 8, with: $0)
            }
            #expect((Self.error(changed) == nil) == (place == 3 || place == 5))
        }
    }

    @Test("a tokenizer part beyond its block")
    func tokenizerChunk() {
        func chunk(total: UInt32, offset: UInt32) -> Message {
            .tokenizerChunk(
                TokenizerChunk(vocabularyHash: Samples.hash, totalBytes: total, offset: offset, bytes: [1, 2, 3])
            )
        }
        #expect(Self.error(chunk(total: 10, offset: 7)) == nil)
        #expect(Self.isInvalid(Self.error(chunk(total: 10, offset: 8)), "tokenizerChunk", "total_bytes"))
        #expect(Self.isInvalid(Self.error(chunk(total: 10, offset: 11)), "tokenizerChunk", "offset"))
        #expect(Self.isInvalid(Self.error(chunk(total: .max, offset: .max)), "tokenizerChunk", "total_bytes"))
    }

    @Test("as many origins as tokens")
    func origins() {
        guard case .delta(var delta) = Samples.message(.delta) else { return }
        delta.origins.removeLast()
        #expect(
            Self.error(.delta(delta))
                == .invalid(message: "delta", field: "origins", expected: "3 entries", actual: "2 entries")
        )
    }

    @Test("a cost curve whose rows do not ascend")
    func costs() {
        for rows: [UInt32] in [[0], [2, 2], [3, 1], [1, .max]] {
            let costs = rows.map { CostPoint(rows: $0, milliseconds: 1) }
            let error = Self.error(.ready(Ready(boot: 1, costs: costs, credits: 1)))
            #expect(Self.isInvalid(error, "ready", "costs.rows"))
        }
    }

    @Test("more looked-up tokens than drafted or accepted ones")
    func lookupCounts() {
        func error(drafted: UInt64, kept: UInt64, lookupDrafted: UInt64, lookupAccepted: UInt64) -> WireError? {
            var report = Samples.report
            report.counts = SpeculationCounts(
                drafted: drafted,
                kept: kept,
                lookupDrafted: lookupDrafted,
                lookupAccepted: lookupAccepted
            )
            return Self.error(.finished(Finished(requestID: 1, report: report)))
        }
        #expect(error(drafted: 5, kept: 3, lookupDrafted: 5, lookupAccepted: 3) == nil)
        let drafted = error(drafted: 5, kept: 3, lookupDrafted: 6, lookupAccepted: 3)
        #expect(Self.isInvalid(drafted, "finished", "report.counts.lookup_drafted"))
        let accepted = error(drafted: 5, kept: 3, lookupDrafted: 5, lookupAccepted: 4)
        #expect(Self.isInvalid(accepted, "finished", "report.counts.lookup_accepted"))
        let own = error(drafted: 5, kept: 3, lookupDrafted: 1, lookupAccepted: 2)
        #expect(Self.isInvalid(own, "finished", "report.counts.lookup_accepted"))
    }

    @Test("a heartbeat without pause or without end")
    func heartbeat() {
        for milliseconds: UInt32 in [0, 3_600_001, .max] {
            let welcome = Welcome(boot: 1, heartbeatMilliseconds: milliseconds, wantsTokenizer: false)
            #expect(Self.isInvalid(Self.error(.welcome(welcome)), "welcome", "heartbeat_milliseconds"))
        }
    }

    @Test("a client that does not say how it wants control tokens wants text; a clock has a range")
    func submitOfAnOlderClient() throws {
        // What older clients do not say: texts are text, and there is no clock.
        let decoded = try WireCodec.decode(WireCodec.encode(.submit(Samples.submit)))
        guard case .submit(let submit) = decoded else { throw CancellationError() }
        #expect(!submit.parsesSpecial && submit.localSeconds == nil)
        var later = Samples.submit
        later.localSeconds = WireLimits.localSeconds + 1
        #expect(throws: WireError.self) { try WireCodec.decode(WireCodec.encode(.submit(later))) }
    }

    @Test("a coordinator that knows no messages misses the prompt; one that does takes either")
    func conversationsOfALaterClient() throws {
        let frames = WireCodec.encode(LaterSamples.conversation.message)
        #expect(try WireCodec.decode(frames) == LaterSamples.conversation.message)
        var fields = ProtoField.parse(frames[0])
        let index = try #require(fields.indices.last { fields[$0].wireType == 2 })
        let body = ProtoField.parse(fields[index].payload)
        fields[index].payload = ProtoField.encode(body.filter { !(22...25).contains($0.number) })
        #expect(throws: WireError.missing(message: "submit", field: "prompt")) {
            try WireCodec.decode([ProtoField.encode(fields)])
        }
    }

    @Test("a conversation without messages arrives, for the coordinator to answer in words")
    func conversationWithoutMessages() throws {
        for conversation in [
            Conversation(messages: []), Conversation(messages: [], tools: [0xFF]),
            Conversation(messages: [], templateArguments: [], addsGenerationPrompt: false),
        ] {
            var submit = Samples.submit
            (submit.prompt, submit.system, submit.conversation) = ([], nil, conversation)
            #expect(try WireCodec.decode(WireCodec.encode(.submit(submit))) == .submit(submit))
            #expect(JobLimits.standard.problem(of: submit) == "messages: there must be at least one message")
        }
    }

    @Test("a client's unsound settings arrive, for the coordinator to answer in words")
    func unsoundSubmit() throws {
        var submit = Samples.submit
        submit.sampling.topP = 7
        submit.rule.alpha = -3
        #expect(try WireCodec.decode(WireCodec.encode(.submit(submit))) == .submit(submit))
        #expect(submit.sampling.problem != nil)
    }

    @Test("errors read as sentences")
    func sentences() {
        var verify = Self.verify
        verify.prefix.baseLength = 2
        #expect(
            Self.error(.verify(verify))?.description
                == "verify: field prefix.base_length must be 3 to 1048576, not 2"
        )
        #expect("\(WireError.version(theirs: 3, ours: 1))".contains("version 3"))
        #expect(
            "\(WireError.missing(message: "hello", field: "identity.name"))" == "hello: field identity.name is missing"
        )
    }
}
