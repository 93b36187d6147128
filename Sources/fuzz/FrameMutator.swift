import CascadeCore
import CascadeFuzzing

/// Changes one field of a message, at any depth, and keeps the lengths around it right: blind changes of bytes seldom
/// get past them.
struct FrameMutator {
    /// libFuzzer's seed repeats what it did.
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    mutating func mutate(_ input: [UInt8]) -> [UInt8] {
        var frames = FuzzedFrames(input)
        switch pick(10) {
        case 0: frames.allocations = UInt8(pick(40))
        case 1, 2:
            if frames.rawFrames.isEmpty || pick(8) == 0 {
                frames.rawFrames = Array((frames.rawFrames + [[1, 2, 3, 4].mutated(room: 60)]).suffix(3))
            } else {
                let index = pick(frames.rawFrames.count)
                frames.rawFrames[index] = Array(frames.rawFrames[index].mutated(room: 64).prefix(65_535))
            }
        default:
            if let changed = message(frames.envelope, depth: 0) { frames.envelope = changed }
        }
        if !frames.rawFrames.isEmpty, pick(8) > 0 { frames.declaresSizes = true }
        return frames.bytes
    }

    /// A message with one change; nil where the bytes are none.
    private mutating func message(_ bytes: [UInt8], depth: Int) -> [UInt8]? {
        guard var fields = ProtoField.fields(in: bytes), !fields.isEmpty else { return nil }
        let index = pick(fields.count)
        // The envelope's own fields are few, what counts is in the last.
        let place = depth == 0 && pick(8) > 0 ? fields.count - 1 : index
        let isNested = fields[place].wireType == 2
        if isNested, pick(8) > 0, let inner = message(fields[place].payload, depth: depth + 1) {
            fields[place].payload = inner
            return ProtoField.encode(fields)
        }
        switch pick(12) {
        case 0: fields.remove(at: index)
        case 1: fields.insert(fields[index], at: pick(fields.count + 1))
        case 2: fields.swapAt(index, place)
        case 3: fields[index].number = UInt64(1 + pick(60))
        case 4: fields.append(ProtoField(number: UInt64(1 + pick(40)), wireType: 0, payload: number()))
        default: fields[place].payload = value(of: fields[place])
        }
        return ProtoField.encode(fields)
    }

    private mutating func value(of field: ProtoField) -> [UInt8] {
        switch field.wireType {
        case 0: number()
        case 1: pick(3) == 0 ? Array(field.payload.mutated(room: 0).prefix(8)).padded(to: 8) : double()
        case 5: Array(field.payload.mutated(room: 0).prefix(4)).padded(to: 4)
        default: packed(field.payload)
        }
    }

    /// A list of numbers keeps its length more often than not: other lists must have the same.
    private mutating func packed(_ payload: [UInt8]) -> [UInt8] {
        if payload.count % 8 == 0, !payload.isEmpty, pick(2) == 0 {
            var changed = payload
            let start = 8 * pick(payload.count / 8)
            changed.replaceSubrange(start..<start + 8, with: double())
            return changed
        }
        return payload.mutated(room: pick(3) == 0 ? 64 : 0)
    }

    private mutating func number() -> [UInt8] {
        let interesting: [UInt64] = [0, 1, 2, 3, 4, 26, 29, 64, 127, 128, 512, 1024, 4096, 1 << 20, 1 << 30, 1 << 31]
        let value = interesting[pick(interesting.count)] &+ UInt64(pick(3)) &- 1
        switch pick(8) {
        case 0: return ProtoField.varint(generator.next())
        case 1: return ProtoField.varint(generator.next() >> UInt64(pick(64)))
        default: return ProtoField.varint(value)
        }
    }

    private mutating func double() -> [UInt8] {
        let interesting: [Double] = [
            0, -0.0, 0.25, 0.5, 1, -1, 1.000_000_5, -0.000_000_5, 1.000_002, 1e-300, 1e12, 1e13, 1e300, .infinity,
            -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ]
        let bits = interesting[pick(interesting.count)].bitPattern
        return (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }

    private mutating func pick(_ count: Int) -> Int {
        Int.random(in: 0..<count, using: &generator)
    }
}

extension [UInt8] {
    fileprivate func padded(to size: Int) -> [UInt8] {
        self + [UInt8](repeating: 0, count: Swift.max(0, size - count))
    }
}
