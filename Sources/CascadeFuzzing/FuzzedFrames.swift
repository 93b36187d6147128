/// Bytes as the frames of a message.
///
/// Byte 0: in its lowest two bits the number of raw frames; 4 adds their true sizes to the envelope, so that a frame
/// whose length changes still reaches what is behind the check of sizes; 8 sends no frame at all. Byte 1: at which
/// allocation a second decoding fails. Then the length of each raw frame in two bytes, lowest first, the raw frames,
/// and, to the end, the envelope. What is too short gives shorter frames: every input is some message.
package struct FuzzedFrames: Equatable, Sendable {
    /// Frame 0.
    package var envelope: [UInt8]
    /// The frames behind it, at most three of at most 65,535 bytes.
    package var rawFrames: [[UInt8]]
    /// Whether the raw frames' sizes are added to the envelope.
    package var declaresSizes: Bool
    /// Whether no frame is sent.
    package var isEmpty: Bool
    /// How many allocations the second decoding gets.
    package var allocations: UInt8

    /// Reads an input.
    package init(_ input: [UInt8]) {
        var rest = input[...]
        let flags = rest.popFirst() ?? 0
        declaresSizes = flags & 4 != 0
        isEmpty = flags & 8 != 0
        allocations = rest.popFirst() ?? 0
        let lengths = (0..<flags & 3).map { _ in
            Int(rest.popFirst() ?? 0) | Int(rest.popFirst() ?? 0) << 8
        }
        rawFrames = lengths.map { length in
            defer { rest = rest.dropFirst(length) }
            return Array(rest.prefix(length))
        }
        envelope = Array(rest)
    }

    /// A message's frames as an input, the sizes left to be added.
    package init(sent frames: [[UInt8]], allocations: UInt8) {
        rawFrames = Array(frames.dropFirst())
        declaresSizes = !rawFrames.isEmpty
        isEmpty = frames.isEmpty
        envelope = ProtoField.encode(ProtoField.parse(frames.first ?? []).filter { $0.number != Self.sizesField })
        self.allocations = allocations
    }

    /// The input.
    package var bytes: [UInt8] {
        let flags = UInt8(rawFrames.count) | (declaresSizes ? 4 : 0) | (isEmpty ? 8 : 0)
        let lengths = rawFrames.map(\.count).flatMap {
            [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
        }
        return [flags, allocations] + lengths + rawFrames.flatMap(\.self) + envelope
    }

    /// What arrives.
    package var sent: [[UInt8]] {
        if isEmpty { return [] }
        guard declaresSizes, !rawFrames.isEmpty else { return [envelope] + rawFrames }
        let sizes = ProtoField(
            number: Self.sizesField,
            wireType: 2,
            payload: rawFrames.flatMap { ProtoField.varint(UInt64($0.count)) }
        )
        return [envelope + sizes.encoded] + rawFrames
    }

    /// `Envelope.frame_bytes`.
    private static let sizesField: UInt64 = 3
}
