import CascadeCore
import Testing

@testable import CascadeWire

/// What a round costs on the wire.
struct SizeTests {
    private static func bytes(_ message: Message) -> Int {
        WireCodec.encode(message).map(\.count).reduce(0, +)
    }

    /// Positions with rows of `entries` entries over a vocabulary of 152k tokens.
    private static func positions(_ count: Int, entries: Int) -> [DraftedPosition] {
        (0..<count).compactMap { position in
            let tokens = (0..<entries).map { Token($0 * 2000 + position) }
            let weights = tokens.indices.map { 1 / Float($0 + 2) }
            return Distribution(tokens: tokens, weights: weights).map {
                DraftedPosition(token: tokens[entries / 2], row: $0, gate: DraftGate(maximum: 0.7))
            }
        }
    }

    @Test("four greedy positions take less than 120 bytes")
    func greedy() {
        let positions = (0..<4).map {
            DraftedPosition(token: 151_000 + $0, row: Distribution(oneHot: 151_000 + $0), gate: DraftGate(maximum: 0.9))
        }
        let size = Self.bytes(.drafted(Drafted(fence: Samples.fence, positions: positions, milliseconds: 12.5)))
        print("Drafted, 4 greedy positions: \(size) bytes")
        #expect(size < 120)
    }

    @Test("a row takes 6 bytes an entry")
    func rows() {
        let none = Self.bytes(.drafted(Drafted(fence: Samples.fence, positions: [])))
        let four = Self.bytes(.drafted(Drafted(fence: Samples.fence, positions: Self.positions(4, entries: 64))))
        print("Drafted, 4 positions of 64 entries: \(four) bytes")
        #expect(Double(four - none) / 256 < 6.3)
    }

    @Test("evidence takes less than 80 bytes a position")
    func evidence() {
        func verified(_ count: Int) -> Message {
            .verified(
                Verified(
                    fence: Samples.fence,
                    evidence: Array(repeating: Samples.evidence[1], count: count),
                    bonus: 5
                )
            )
        }
        let four = Self.bytes(verified(4))
        print("Verified, 4 positions: \(four) bytes")
        #expect(four - Self.bytes(verified(3)) < 80)
    }

    @Test("time to encode and decode a Verify of 4 positions with 64 entries")
    func time() throws {
        let message = Message.verify(
            Verify(
                fence: Samples.fence,
                specID: 1,
                spec: nil,
                prefix: Samples.prefix,
                draft: Self.positions(4, entries: 64)
            )
        )
        let clock = ContinuousClock()
        var best = Duration.seconds(1)
        for _ in 0..<20 {
            let elapsed = try clock.measure {
                for _ in 0..<100 {
                    let back = try WireCodec.decode(WireCodec.encode(message))
                    if back != message { Issue.record("another message came back") }
                }
            }
            best = min(best, elapsed)
        }
        print("Verify, 4 positions of 64 entries: \(best / 100) to encode, decode and compare")
    }
}
