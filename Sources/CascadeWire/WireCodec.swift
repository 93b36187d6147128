internal import CCascadeProto
package import CascadeCore

/// Turns messages into frames and back.
///
/// Frame 0 is a protobuf `Envelope` (`Protos/cascade/v1`); the frames behind it are little-endian arrays whose sizes
/// the envelope declares. Encoding and decoding keep every floating-point number's bits, so that sums agree on both
/// sides.
package enum WireCodec {
    /// The version of the protocol that this program speaks.
    package static let protocolVersion: UInt32 = 1
    /// The oldest version that this program understands.
    package static let minimumVersion: UInt32 = 1

    /// The message's name in the schema, in lower camel case.
    package static func name(of message: Message) -> String { MessageKind(message).name }

    /// The number of a message's field in the schema's envelope: small, and one for each kind.
    package static func number(of message: Message) -> Int { Int(MessageKind(message).rawValue) }

    /// The frames of `message`. Values beyond ``WireLimits`` are encoded too; it is the receiver that refuses them.
    package static func encode(_ message: Message) -> [[UInt8]] {
        let arena = Arena()
        defer { arena.free() }
        var writer = FieldWriter(arena: arena)
        var envelope = Cascade__V1__Envelope()
        cascade__v1__envelope__init(&envelope)
        put(&envelope.has_protocol_version, &envelope.protocol_version, protocolVersion)
        put(&envelope.has_minimum_version, &envelope.minimum_version, minimumVersion)
        envelope.insert(message, writer: &writer)
        (envelope.n_frame_bytes, envelope.frame_bytes) = writer.array(writer.frames.map { UInt32($0.count) })

        let size = cascade__v1__envelope__get_packed_size(&envelope)
        let head = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = cascade__v1__envelope__pack(&envelope, buffer.baseAddress)
        }
        return [head] + writer.frames
    }

    /// The message in `frames`.
    ///
    /// Nothing in the frames can trap: what is not a valid message within `limits` throws an error that names the
    /// message, the field, what was expected and what was there. Unknown fields are skipped.
    package static func decode(
        _ frames: [[UInt8]],
        limits: WireLimits = .standard
    ) throws(WireError) -> Message {
        try decode(frames, limits: limits, allocations: .max)
    }

    /// As ``decode(_:limits:)``, for tests: unpacking fails at the first allocation beyond `allocations`, and with
    /// `apart` each allocation is a block of its own, which AddressSanitizer can watch.
    package static func decode(
        _ frames: [[UInt8]],
        limits: WireLimits,
        allocations: Int,
        apart: Bool = false
    ) throws(WireError) -> Message {
        guard let first = frames.first else {
            throw .malformed(message: "envelope", reason: "there are no frames")
        }
        guard first.count <= limits.envelopeBytes else {
            throw .tooLarge(message: "envelope", what: "frame 0", actual: first.count, limit: limits.envelopeBytes)
        }
        let head = try EnvelopeHead(scanning: first)
        try head.checkVersion()
        let kind = try head.kind()
        let mostBytes = kind.isBulky ? limits.envelopeBytes : limits.controlBytes
        guard first.count <= mostBytes else {
            throw .tooLarge(message: kind.name, what: "frame 0", actual: first.count, limit: mostBytes)
        }

        let budget = limits.unpackBytes(frame: first.count)
        let arena = Arena(bytes: budget, allocations: allocations, apart: apart)
        defer { arena.free() }
        let unpacked = first.withUnsafeBufferPointer { bytes in
            cascade__v1__envelope__unpack(arena.allocator, bytes.count, bytes.baseAddress)
        }
        guard let envelope = unpacked else {
            if arena.isExhausted {
                throw .malformed(message: kind.name, reason: "unpacking takes more memory than \(budget) bytes")
            }
            throw .malformed(message: kind.name, reason: "frame 0 is not a protobuf message of this schema")
        }
        let rawFrames = frames.dropFirst()
        try check(rawFrames, against: envelope.pointee, kind: kind, limits: limits)
        let reader = FieldReader(name: kind.name, limits: limits, frames: rawFrames)
        return try envelope.pointee.message(kind, reader)
    }

    /// Compares the raw frames with what the envelope declares and the limits allow.
    private static func check(
        _ frames: ArraySlice<[UInt8]>,
        against envelope: Cascade__V1__Envelope,
        kind: MessageKind,
        limits: WireLimits
    ) throws(WireError) {
        guard frames.count <= limits.rawFrames else {
            throw .tooLarge(
                message: kind.name,
                what: "number of raw frames",
                actual: frames.count,
                limit: limits.rawFrames
            )
        }
        let declared = UnsafeBufferPointer(start: envelope.frame_bytes, count: envelope.n_frame_bytes)
        guard declared.count == frames.count, zip(declared, frames).allSatisfy({ Int($0) == $1.count }) else {
            throw .frames(
                message: kind.name,
                expected: declared.prefix(limits.rawFrames + 1).map { Int($0) },
                actual: frames.map(\.count)
            )
        }
        if let largest = frames.map(\.count).max(), largest > limits.rawFrameBytes {
            throw .tooLarge(message: kind.name, what: "raw frame", actual: largest, limit: limits.rawFrameBytes)
        }
        guard kind.hasRawFrame || frames.isEmpty else {
            throw .frames(message: kind.name, expected: [], actual: frames.map(\.count))
        }
    }
}
