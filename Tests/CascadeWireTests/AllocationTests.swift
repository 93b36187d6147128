import CascadeCore
import CascadeFuzzing
import Testing

@testable import CascadeWire

/// Unpacking stops cleanly at whichever allocation fails. That nothing leaks is the fuzzer's to see, which fails one
/// too.
///
/// Encoding has no such sweep: it packs into memory of a size that is known before, and its arena refuses nothing.
struct AllocationTests {
    @Test("the n-th allocation fails, for every n", arguments: MessageKind.allCases)
    func sweep(kind: MessageKind) throws {
        var generator = SplitMix64(seed: 300)
        for message in [Samples.message(kind), generator.message(kind), generator.message(kind)] {
            var frames = WireCodec.encode(message)
            // Unknown fields are kept by protobuf-c, so they take the paths of their allocations too.
            for number: UInt64 in 4..<14 {
                frames[0] += ProtoField(number: number, wireType: 2, payload: [1, 2, 3]).encoded
            }
            var allowed = 0
            while allowed < 10_000 {
                do {
                    let decoded = try WireCodec.decode(frames, limits: .standard, allocations: allowed)
                    #expect(decoded == message)
                    // Pieces of their own are counted alike.
                    let apart = try WireCodec.decode(frames, limits: .standard, allocations: allowed, apart: true)
                    #expect(apart == message)
                    break
                } catch {
                    guard case .malformed(kind.name, let reason) = error, reason.contains("memory") else {
                        Issue.record("\(allowed) allocations gave \(error)")
                        break
                    }
                }
                allowed += 1
            }
            #expect((2..<10_000).contains(allowed))
        }
    }

    @Test("an arena keeps its budget, its alignment and its pieces apart", arguments: [false, true])
    func arena(apart: Bool) throws {
        let arena = Arena(bytes: 100_000, allocations: 50, apart: apart)
        defer { arena.free() }
        var pieces: [UnsafeMutablePointer<UInt8>] = []
        for size in 0..<40 {
            let piece = try #require(arena.allocate(size * 50, of: UInt8.self))
            #expect(UInt(bitPattern: piece) % 16 == 0)
            piece.update(repeating: UInt8(size), count: size * 50)
            pieces.append(piece)
        }
        for (size, piece) in pieces.enumerated() {
            #expect(UnsafeBufferPointer(start: piece, count: size * 50).allSatisfy { $0 == UInt8(size) })
        }
        #expect(!arena.isExhausted)
        #expect(arena.allocate(100_000, of: UInt8.self) == nil)
        #expect(arena.allocate(.max, of: UInt64.self) == nil)
        #expect(arena.allocate(-1, of: UInt8.self) == nil)
        #expect(arena.isExhausted)
        for _ in 40..<50 { #expect(arena.allocate(1, of: UInt8.self) != nil) }
        #expect(arena.allocate(1, of: UInt8.self) == nil)
    }
}
