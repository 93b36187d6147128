import CascadeCore
import Testing

@testable import CascadeWire

/// What is encoded comes back equal, to the bit.
struct RoundTripTests {
    @Test("random messages of each kind", arguments: MessageKind.allCases)
    func random(kind: MessageKind) throws {
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for _ in 0..<400 {
            let message = generator.message(kind)
            let frames = WireCodec.encode(message)
            #expect(try WireCodec.decode(frames) == message)
            #expect(WireCodec.encode(try WireCodec.decode(frames)) == frames)
        }
    }

    @Test("a row's weights and total keep their bits")
    func rowBits() throws {
        let weights: [Float] = [.leastNonzeroMagnitude, 0.1, .greatestFiniteMagnitude, 1 + .ulpOfOne]
        let row = try #require(Distribution(tokens: [0, 1, 2, .max], weights: weights))
        let position = DraftedPosition(token: .max, row: row, gate: DraftGate(maximum: 1 + .ulpOfOne))
        let message = Message.drafted(Drafted(fence: Samples.fence, positions: [position]))
        guard case .drafted(let drafted) = try WireCodec.decode(WireCodec.encode(message)) else {
            Issue.record("another kind came back")
            return
        }
        let back = try #require(drafted.positions.first)
        #expect(back.row.weights.map(\.bitPattern) == weights.map(\.bitPattern))
        #expect(back.row.total.bitPattern == row.total.bitPattern)
        #expect(back.gate.maximum.bitPattern == (1 + Double.ulpOfOne).bitPattern)
    }

    @Test("drafted rows leave for the expert in the bytes in which they came")
    func rowsArePassedOn() throws {
        let rows = ([[1, 5, 300], [2, 9], [0, 7, 70_000, 80_000]] as [[Token]]).map { tokens in
            Distribution(tokens: tokens, weights: tokens.map { Float($0 + 1) })
        }
        let positions = try rows.map { row in
            let row = try #require(row)
            return DraftedPosition(token: row.tokens[1], row: row, gate: DraftGate(maximum: 0.5))
        }
        let sent = WireCodec.encode(.drafted(Drafted(fence: Samples.fence, positions: positions)))
        guard case .drafted(var drafted) = try WireCodec.decode(sent) else {
            Issue.record("another kind came back")
            return
        }
        #expect(drafted.positions == positions)
        func frame(_ draft: [DraftedPosition]) -> [UInt8] {
            let prefix = Prefix(baseLength: 1, hash: Hash128(high: 0, low: 0), tail: [1])
            return WireCodec.encode(
                .verify(Verify(fence: Samples.fence, specID: 1, spec: nil, prefix: prefix, draft: draft))
            )[1]
        }
        #expect(frame(drafted.positions) == sent[1])
        #expect(frame(Array(drafted.positions.prefix(2))) == frame(Array(positions.prefix(2))))
        // Not encoded again: whatever bytes they came in leave.
        drafted.positions[0].row.encoded = [0xAB, 0xCD]
        #expect(frame(Array(drafted.positions.prefix(1))) == [0xAB, 0xCD])
    }

    @Test("evidence keeps its bits, a rounding error below zero too")
    func evidenceBits() throws {
        var evidence = Samples.evidence[0]
        evidence.entropy = -0.0
        evidence.rejectMass = -.ulpOfOne
        evidence.keptMass = .leastNonzeroMagnitude
        evidence.ratio = 1e300
        let message = Message.verified(Verified(fence: Samples.fence, evidence: [evidence], bonus: nil))
        guard case .verified(let verified) = try WireCodec.decode(WireCodec.encode(message)) else {
            Issue.record("another kind came back")
            return
        }
        let back = try #require(verified.evidence.first)
        #expect(back == evidence)
        #expect(back.entropy.sign == .minus)
    }

    @Test("a row of one entry that is not one-hot with weight 1 keeps its weight")
    func singleEntry() throws {
        let row = try #require(Distribution(tokens: [5], weights: [0.25]))
        let position = DraftedPosition(token: 5, row: row, gate: DraftGate(maximum: 1))
        let message = Message.drafted(Drafted(fence: Samples.fence, positions: [position]))
        #expect(try WireCodec.decode(WireCodec.encode(message)) == message)
    }

    @Test("the largest messages that the limits allow")
    func largest() throws {
        var generator = SplitMix64(seed: 1)
        let tail = (0..<300_000).map { _ in generator.pick(0...200_000) as Token }
        let weights = (0..<1024).map { _ in Float.random(in: 0.1...1, using: &generator) }
        let row = try #require(Distribution(tokens: Array(0..<1024), weights: weights))
        let position = DraftedPosition(token: 77, row: row, gate: DraftGate(maximum: 0.5))
        let prefix = Prefix(baseLength: 1 << 20, hash: Samples.hash, tail: tail)
        let verify = Verify(
            fence: Samples.fence,
            specID: 1,
            spec: nil,
            prefix: prefix,
            draft: Array(repeating: position, count: 64)
        )
        #expect(try WireCodec.decode(WireCodec.encode(.verify(verify))) == .verify(verify))

        let jobs = Array(repeating: Samples.jobSummary, count: 4096)
        let list = Message.jobList(JobList(requestID: 1, jobs: jobs))
        #expect(try WireCodec.decode(WireCodec.encode(list)) == list)

        // As many as a client may ask for, in the longest words that a coordinator has for each.
        var summary = Samples.jobSummary
        summary.note = String(repeating: "👩", count: JobSummary.listedNoteLength)
        summary.pool = String(repeating: "p", count: JobLimits.standard.poolBytes)
        summary.promptBeginning = String(repeating: "b", count: JobSummary.beginningBytes)
        let failed = Array(repeating: summary, count: Int(JobsRequest.mostJobs))
        let longest = Message.jobList(JobList(requestID: 1, jobs: failed))
        #expect(try WireCodec.decode(WireCodec.encode(longest)) == longest)

        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        let chunk = TokenizerChunk(vocabularyHash: Samples.hash, totalBytes: 64 << 20, offset: 63 << 20, bytes: bytes)
        #expect(try WireCodec.decode(WireCodec.encode(.tokenizerChunk(chunk))) == .tokenizerChunk(chunk))
    }
}
