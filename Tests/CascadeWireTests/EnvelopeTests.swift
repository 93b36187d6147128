import CascadeCore
import CascadeFuzzing
import Testing

@testable import CascadeWire

/// Frame 0 and the frames behind it: versions, numbers, sizes, floods.
struct EnvelopeTests {
    private static func error(_ frames: [[UInt8]], limits: WireLimits = .standard) -> WireError? {
        do {
            _ = try WireCodec.decode(frames, limits: limits)
            return nil
        } catch { return error }
    }

    /// The envelope's fields of the kind's sample, changed by `edit`, encoded again.
    private static func edited(_ kind: MessageKind, _ edit: (inout [ProtoField]) -> Void) -> [[UInt8]] {
        var frames = WireCodec.encode(Samples.message(kind))
        var fields = ProtoField.parse(frames[0])
        edit(&fields)
        frames[0] = ProtoField.encode(fields)
        return frames
    }

    private static func number(_ field: UInt64, _ value: UInt64) -> ProtoField {
        ProtoField(number: field, wireType: 0, payload: ProtoField.varint(value))
    }

    private static func isMalformed(_ error: WireError?, _ message: String, _ reason: String) -> Bool {
        if case .malformed(message, let actual) = error { actual.contains(reason) } else { false }
    }

    @Test("no common version is an error of its own, whatever else is in the envelope")
    func versions() {
        func versions(_ theirs: UInt64, minimum: UInt64) -> [[UInt8]] {
            Self.edited(.ping) { fields in
                fields[0] = Self.number(1, theirs)
                fields[1] = Self.number(2, minimum)
            }
        }
        #expect(Self.error(versions(1, minimum: 1)) == nil)
        #expect(Self.error(versions(2, minimum: 1)) == nil)
        #expect(Self.error(versions(2, minimum: 2)) == .version(theirs: 2, ours: WireCodec.protocolVersion))
        #expect(Self.error(versions(0, minimum: 0)) == .version(theirs: 0, ours: WireCodec.protocolVersion))
        #expect(Self.error(versions(.max, minimum: .max)) == .version(theirs: .max, ours: WireCodec.protocolVersion))
        let future = ProtoField.encode([Self.number(1, 9), Self.number(2, 9), Self.number(1000, 5)])
        #expect(Self.error([future, [1, 2, 3]]) == .version(theirs: 9, ours: WireCodec.protocolVersion))
        #expect(
            Self.error(Self.edited(.ping) { $0.remove(at: 0) })
                == .missing(message: "envelope", field: "protocol_version")
        )
        #expect(
            Self.error(Self.edited(.ping) { $0.remove(at: 1) })
                == .missing(message: "envelope", field: "minimum_version")
        )
    }

    @Test("exactly one message")
    func oneMessage() {
        #expect(Self.isMalformed(Self.error([]), "envelope", "no frames"))
        #expect(Self.error([[]]) == .missing(message: "envelope", field: "protocol_version"))
        #expect(Self.isMalformed(Self.error(Self.edited(.ping) { $0.removeLast() }), "envelope", "no message"))
        let twice = Self.edited(.ping) { $0.append($0[$0.count - 1]) }
        #expect(Self.isMalformed(Self.error(twice), "envelope", "there are 2"))
        let drain = ProtoField.parse(WireCodec.encode(Samples.message(.drain))[0]).last
        let two = Self.edited(.ping) { fields in drain.map { fields.append($0) } }
        #expect(Self.isMalformed(Self.error(two), "envelope", "there are 2"))
        let unknown = Self.edited(.ping) { $0[$0.count - 1].number = 31 }
        #expect(Self.isMalformed(Self.error(unknown), "envelope", "message number 31 is not known"))
        let wrongType = Self.edited(.ping) { $0[$0.count - 1] = Self.number(21, 5) }
        #expect(Self.isMalformed(Self.error(wrongType), "ping", "not a protobuf message"))
    }

    @Test("raw frames as many and as large as declared and needed", arguments: MessageKind.allCases)
    func rawFrames(kind: MessageKind) {
        let frames = WireCodec.encode(Samples.message(kind))
        #expect(frames.count == (kind.hasRawFrame ? 2 : 1))
        guard case .frames = Self.error(frames + [[1]]) else {
            Issue.record("a trailing frame gave \(String(describing: Self.error(frames + [[1]])))")
            return
        }
        // A trailing frame that the envelope declares.
        let declared = Self.edited(kind) { fields in
            fields.removeAll { $0.number == 3 }
            let sizes = (frames.dropFirst() + [[1]]).flatMap { ProtoField.varint(UInt64($0.count)) }
            fields.append(ProtoField(number: 3, wireType: 2, payload: sizes))
        }
        guard case .frames = Self.error(declared + [[1]]) else {
            Issue.record("a declared trailing frame gave \(String(describing: Self.error(declared + [[1]])))")
            return
        }
        guard kind.hasRawFrame else { return }
        guard case .frames(kind.name, [frames[1].count], []) = Self.error([frames[0]]) else {
            Issue.record("a missing frame gave \(String(describing: Self.error([frames[0]])))")
            return
        }
        guard case .frames = Self.error([frames[0], frames[1] + [0]]) else {
            Issue.record("a longer frame was taken")
            return
        }
    }

    @Test("too many and too large frames")
    func frameLimits() {
        let declared = Self.edited(.ping) { fields in
            fields.append(ProtoField(number: 3, wireType: 2, payload: [UInt8](repeating: 0, count: 9)))
        }
        #expect(
            Self.error(declared + Array(repeating: [], count: 9))
                == .tooLarge(message: "ping", what: "number of raw frames", actual: 9, limit: 8)
        )
        let bytes = [UInt8](repeating: 0, count: 1 << 20 + 1)
        let chunk = TokenizerChunk(vocabularyHash: Samples.hash, totalBytes: 2 << 20, offset: 0, bytes: bytes)
        #expect(
            Self.error(WireCodec.encode(.tokenizerChunk(chunk)))
                == .tooLarge(message: "tokenizerChunk", what: "raw frame", actual: 1 << 20 + 1, limit: 1 << 20)
        )
        let limit = WireLimits.standard.envelopeBytes
        #expect(
            Self.error([[UInt8](repeating: 0, count: limit + 1)])
                == .tooLarge(message: "envelope", what: "frame 0", actual: limit + 1, limit: limit)
        )
        // A control message may have 64 KiB, a bulky one more.
        let padding = ProtoField(number: 15, wireType: 2, payload: [UInt8](repeating: 0, count: 64 << 10))
        guard case .tooLarge("ping", "frame 0", _, 65536) = Self.error(Self.edited(.ping, { $0.append(padding) }))
        else {
            Issue.record("a control message beyond its limit was taken")
            return
        }
        #expect(Self.error(Self.edited(.submit) { $0.append(padding) }) == nil)
    }

    @Test("a few unknown fields are skipped, anywhere")
    func unknownFields() throws {
        for kind in MessageKind.allCases {
            let extra = [
                Self.number(500, 7),
                ProtoField(number: 501, wireType: 1, payload: [UInt8](repeating: 1, count: 8)),
                ProtoField(number: 502, wireType: 2, payload: Array("a later version's field".utf8)),
                ProtoField(number: 503, wireType: 5, payload: [1, 2, 3, 4]),
            ]
            let frames = Self.edited(kind) { fields in
                // In the message, and in the head under numbers that are no message's.
                for index in fields.indices where fields[index].number >= MessageKind.firstNumber {
                    fields[index].payload += ProtoField.encode(extra)
                }
                fields += extra.map { ProtoField(number: $0.number - 490, wireType: $0.wireType, payload: $0.payload) }
            }
            #expect(try WireCodec.decode(frames) == Samples.message(kind))
        }
    }

    /// 2 bytes per entry on the wire, about 100 in protobuf-c's hands.
    private static let floods: [(name: String, kind: MessageKind, entry: [UInt8])] = [
        ("unknown fields of the envelope", .submit, [15 << 3, 0]),
        ("unknown fields of the message", .submit, [15 << 3, 0]),
        ("empty entries of a list", .jobList, [2 << 3 | 2, 0]),
        ("empty stop strings", .submit, [10 << 3 | 2, 0]),
        ("unpacked numbers", .delta, [6 << 3, 5]),
    ]

    @Test("a flood of small fields is refused within the memory budget", arguments: 0..<5)
    func flood(index: Int) {
        let (name, kind, entry) = Self.floods[index]
        let flood = Array(repeatElement(entry, count: 200_000).joined())
        var frames = Self.edited(kind) { fields in
            guard index > 0, let last = fields.indices.last else { return }
            fields[last].payload += flood
        }
        if index == 0 { frames[0] += flood }
        #expect(
            Self.isMalformed(Self.error(frames), kind.name, "memory"),
            "\(name): \(String(describing: Self.error(frames)))"
        )
    }

    @Test("counts and lengths that claim more than there is")
    func claims() {
        let frames = WireCodec.encode(Samples.message(.verify))
        for claim: [UInt8] in [
            [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            // A list, a sub-message and the message itself, each with a length far beyond the frame.
            for tag: [UInt8] in [[3 << 3 | 2], [0x92, 0x02]] {
                #expect(Self.error([frames[0] + tag + claim]) != nil)
                #expect(Self.error([tag + claim + frames[0]]) != nil)
            }
        }
        #expect(Self.error([[UInt8](repeating: 0xff, count: 64)]) != nil)
        #expect(Self.error([[UInt8](repeating: 0x80, count: 64)]) != nil)
        #expect(Self.error([[UInt8](repeating: 0, count: 64)]) != nil)
    }

    @Test("row entries that add up beyond any frame")
    func rowEntries() {
        let frames = Self.edited(.drafted) { fields in
            var body = ProtoField.parse(fields[fields.count - 1].payload)
            var rows = ProtoField.parse(body[1].payload)
            rows[1].payload = [0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f]
            body[1].payload = ProtoField.encode(rows)
            fields[fields.count - 1].payload = ProtoField.encode(body)
        }
        guard case .invalid("drafted", "positions.row_entries", _, "4294967295") = Self.error(frames) else {
            Issue.record("gave \(String(describing: Self.error(frames)))")
            return
        }
    }
}
