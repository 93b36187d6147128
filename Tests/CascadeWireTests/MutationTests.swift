import CascadeCore
import Testing

@testable import CascadeWire

/// Broken bytes give a message or an error, never a trap: a trap would end the test process.
struct MutationTests {
    /// Decodes `frames`; what decodes must survive encoding and decoding.
    private static func survives(_ frames: [[UInt8]]) -> Bool {
        guard let message = try? WireCodec.decode(frames) else { return false }
        #expect((try? WireCodec.decode(WireCodec.encode(message))) == message, "\(frames)")
        return true
    }

    @Test("every frame cut at every byte", arguments: MessageKind.allCases)
    func truncation(kind: MessageKind) {
        var generator = SplitMix64(seed: 77)
        for message in [Samples.message(kind), generator.message(kind)] {
            let frames = WireCodec.encode(message)
            for (index, frame) in frames.enumerated() {
                for length in 0..<frame.count {
                    var cut = frames
                    cut[index] = Array(frame.prefix(length))
                    #expect(!Self.survives(cut), "frame \(index) of \(kind) cut to \(length) of \(frame.count) bytes")
                }
            }
        }
    }

    @Test("20,000 random mutations of each kind", arguments: MessageKind.allCases)
    func mutations(kind: MessageKind) {
        var generator = SplitMix64(seed: 1000 + UInt64(kind.rawValue))
        var survivors = 0
        for round in 0..<20_000 {
            var frames = WireCodec.encode(round % 4 == 0 ? generator.message(kind) : Samples.message(kind))
            for _ in 0..<generator.pick(1...3) { Self.mutate(&frames, with: &generator) }
            if Self.survives(frames) { survivors += 1 }
        }
        // Neither all nor none: else the mutations hit nothing, or never get behind the first check.
        #expect((200..<19_000).contains(survivors), "\(kind): \(survivors) survived")
    }

    @Test("200,000 short random frames")
    func noise() {
        var generator = SplitMix64(seed: 5)
        for _ in 0..<200_000 {
            let head: [UInt8] = [8, 1, 16, 1]
            let frame = (generator.once(in: 2) ? head : []) + generator.bytes()
            _ = Self.survives([frame] + (generator.once(in: 3) ? [generator.bytes()] : []))
        }
    }

    /// One random change of one frame, or of the list of frames.
    private static func mutate(_ frames: inout [[UInt8]], with generator: inout SplitMix64) {
        guard !frames.isEmpty else { return }
        let index = generator.pick(0...frames.count - 1)
        let size = frames[index].count
        let place = generator.pick(0...max(0, size - 1))
        switch generator.pick(0...9) {
        case 0, 1, 2: if size > 0 { frames[index][place] ^= 1 << (generator.pick(0...7) as UInt8) }
        case 3: if size > 0 { frames[index][place] = generator.pick([0, 1, 0x7f, 0x80, 0xff]) }
        case 4: frames[index].insert(generator.pick(0...255), at: min(place, size))
        case 5: frames[index].removeSubrange(place..<min(size, place + generator.pick(1...8)))
        case 6: frames[index].insert(contentsOf: frames[index][place..<min(size, place + 12)], at: place)
        case 7: frames[index] += generator.bytes().prefix(6)
        case 8:
            let other = WireCodec.encode(generator.message(generator.enumeration()))[0]
            frames[index].replaceSubrange(place..<min(size, place + 8), with: other.suffix(generator.pick(1...16)))
        default:
            switch generator.pick(0...2) {
            case 0: frames.append(generator.bytes())
            case 1: frames.remove(at: index)
            default: frames.swapAt(index, 0)
            }
        }
    }
}
