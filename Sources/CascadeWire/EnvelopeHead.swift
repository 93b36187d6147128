import CascadeCore

/// What must be known of an envelope before protobuf-c may unpack it: the versions, which never change their place, and
/// the kind of message, which decides how large the envelope may be.
///
/// Only the outermost fields' headers are read; their contents are skipped. O(bytes), no allocation.
struct EnvelopeHead {
    /// The version that the sender speaks.
    private var protocolVersion: UInt32?
    /// The oldest version that the sender understands.
    private var minimumVersion: UInt32?
    /// The field number of the first message.
    private var number: UInt64?
    /// How many messages there are.
    private var messages = 0

    /// Reads the headers in `bytes`; throws where they are no sequence of protobuf fields.
    init(scanning bytes: [UInt8]) throws(WireError) {
        var offset = 0
        while offset < bytes.count {
            let tag = try Self.varint(bytes, &offset)
            let field = tag >> 3
            switch tag & 7 {
            case 0:
                let value = try Self.varint(bytes, &offset)
                if field == 1 { protocolVersion = UInt32(clamping: value) }
                if field == 2 { minimumVersion = UInt32(clamping: value) }
            case 1: try Self.skip(8, bytes, &offset)
            case 2: try Self.skip(Self.varint(bytes, &offset), bytes, &offset)
            case 5: try Self.skip(4, bytes, &offset)
            default:
                throw .malformed(message: "envelope", reason: "field \(field) has the unknown wire type \(tag & 7)")
            }
            if field >= MessageKind.firstNumber {
                number = number ?? field
                messages += 1
            }
        }
    }

    /// Throws unless each side understands the version that the other speaks.
    func checkVersion() throws(WireError) {
        guard let protocolVersion else { throw .missing(message: "envelope", field: "protocol_version") }
        guard let minimumVersion else { throw .missing(message: "envelope", field: "minimum_version") }
        guard protocolVersion >= WireCodec.minimumVersion, minimumVersion <= WireCodec.protocolVersion else {
            throw .version(theirs: protocolVersion, ours: WireCodec.protocolVersion)
        }
    }

    /// The kind of the one message.
    func kind() throws(WireError) -> MessageKind {
        guard let number else { throw .malformed(message: "envelope", reason: "there is no message") }
        guard messages == 1 else {
            throw .malformed(message: "envelope", reason: "one message was expected, there are \(messages)")
        }
        guard let kind = UInt32(exactly: number).flatMap(MessageKind.init(rawValue:)) else {
            throw .malformed(message: "envelope", reason: "message number \(number) is not known")
        }
        return kind
    }

    private static func varint(_ bytes: [UInt8], _ offset: inout Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < bytes.count else { throw endsEarly }
            let byte = bytes[offset]
            offset += 1
            // Bits beyond the 64th fall away, as protobuf says.
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed(message: "envelope", reason: "a number has more than 10 bytes")
    }

    private static func skip(_ count: UInt64, _ bytes: [UInt8], _ offset: inout Int) throws(WireError) {
        guard count <= UInt64(bytes.count - offset) else { throw endsEarly }
        offset += Int(count)
    }

    private static let endsEarly = WireError.malformed(message: "envelope", reason: "frame 0 ends within a field")
}
