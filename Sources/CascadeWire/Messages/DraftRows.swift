internal import CCascadeProto
internal import CascadeCore

/// Drafted positions as columns in the envelope and rows in raw frame 1 (`DraftRows` in round.proto).
struct DraftRows: WireConvertible {
    var positions: [DraftedPosition]

    init(positions: [DraftedPosition]) {
        self.positions = positions
    }

    init(decoding proto: Cascade__V1__DraftRows, from reader: FieldReader) throws(WireError) {
        let tokens = try reader.list(proto.n_tokens, proto.tokens, "tokens", limit: Int(reader.limits.positions))
        let entries = try reader.list(
            proto.n_row_entries,
            proto.row_entries,
            "row_entries",
            matching: tokens.count
        )
        let maxima = try reader.list(
            proto.n_gate_maximum,
            proto.gate_maximum,
            "gate_maximum",
            matching: tokens.count
        )
        let gates = try Self.gates(proto, maxima, reader)
        var total = 0
        for count in entries {
            total += Int(try reader.number(1, count, "row_entries", in: 0...reader.limits.rowEntries))
        }
        let frame = try reader.rawFrame(bytes: total == 0 ? 0...0 : 5 * total...9 * total)
        var offset = 0
        positions = []
        positions.reserveCapacity(tokens.count)
        for (index, token) in tokens.enumerated() {
            let row = try Self.row(Int(entries[index]), of: token, index: index, in: frame, at: &offset, reader: reader)
            positions.append(DraftedPosition(token: token, row: row, gate: gates[index]))
        }
        guard offset == frame.count else {
            throw reader.invalid("rows", expected: "\(offset) bytes", actual: "\(frame.count) bytes")
        }
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__DraftRows {
        var entries: [UInt32] = []
        var frame: [UInt8] = []
        for position in positions {
            guard position.row != Distribution(oneHot: position.token) else {
                entries.append(0)
                continue
            }
            entries.append(UInt32(position.row.tokens.count))
            if let encoded = position.row.encoded {
                frame += encoded
                continue
            }
            var last: Token = 0
            for token in position.row.tokens {
                RawFrame.appendVarint(token - last, to: &frame)
                last = token
            }
            for weight in position.row.weights { RawFrame.append(weight.bitPattern, to: &frame) }
        }
        if !frame.isEmpty { writer.frames.append(frame) }

        var proto = Cascade__V1__DraftRows()
        cascade__v1__draft_rows__init(&proto)
        (proto.n_tokens, proto.tokens) = writer.array(positions.map(\.token))
        (proto.n_row_entries, proto.row_entries) = writer.array(entries)
        (proto.n_gate_maximum, proto.gate_maximum) = writer.array(positions.map(\.gate.maximum))
        (proto.n_gate_argmax, proto.gate_argmax) = writer.array(positions.map(\.gate.argmax), unless: 0)
        (proto.n_gate_probability, proto.gate_probability) = writer.array(
            positions.map(\.gate.probability),
            unless: 0
        )
        (proto.n_gate_entropy, proto.gate_entropy) = writer.array(positions.map(\.gate.entropy), unless: 0)
        return proto
    }

    /// What the gates read of the drafter, from the columns.
    private static func gates(
        _ proto: Cascade__V1__DraftRows,
        _ maxima: [Double],
        _ reader: FieldReader
    ) throws(WireError) -> [DraftGate] {
        let count = maxima.count
        let argmax = try reader.list(proto.n_gate_argmax, proto.gate_argmax, "gate_argmax", matching: count, or: 0)
        let probabilities = try reader.list(
            proto.n_gate_probability,
            proto.gate_probability,
            "gate_probability",
            matching: count,
            or: 0
        )
        let entropies = try reader.list(
            proto.n_gate_entropy,
            proto.gate_entropy,
            "gate_entropy",
            matching: count,
            or: 0
        )
        var gates: [DraftGate] = []
        gates.reserveCapacity(count)
        for index in maxima.indices {
            gates.append(
                DraftGate(
                    maximum: try reader.number(1, maxima[index], "gate_maximum", in: WireLimits.probability),
                    argmax: argmax[index],
                    probability: try reader.number(
                        1,
                        probabilities[index],
                        "gate_probability",
                        in: WireLimits.probability
                    ),
                    entropy: try reader.number(1, entropies[index], "gate_entropy", in: WireLimits.entropy)
                )
            )
        }
        return gates
    }

    /// The row with `count` entries at `offset`, which moves behind it; one-hot on `token` where there are none.
    private static func row(
        _ count: Int,
        of token: Token,
        index: Int,
        in frame: [UInt8],
        at offset: inout Int,
        reader: FieldReader
    ) throws(WireError) -> Distribution {
        guard count > 0 else { return Distribution(oneHot: token) }
        let start = offset
        guard let ids = ids(count, in: frame, at: &offset), frame.count - offset >= 4 * count else {
            throw reader.invalid("row \(index)", expected: "\(count) entries", actual: "bytes that are none")
        }
        let bits: [UInt32] = RawFrame.values(count, in: frame, at: &offset)
        guard var row = Distribution(tokens: ids, weights: bits.map { Float(bitPattern: $0) }) else {
            throw reader.invalid(
                "row \(index)",
                expected: "of ascending token ids with positive finite weights",
                actual: "\(count) other entries"
            )
        }
        guard row.index(of: token) != nil else {
            throw reader.invalid("row \(index)", expected: "with the drafted token \(token)", actual: "without it")
        }
        row.encoded = frame[start..<offset]
        return row
    }

    /// `count` token ids at `offset`, which moves behind them; nil where there are none.
    private static func ids(_ count: Int, in frame: [UInt8], at offset: inout Int) -> [Token]? {
        var ids: [Token] = []
        ids.reserveCapacity(count)
        var last: Token = 0
        for _ in 0..<count {
            guard let step = RawFrame.varint(in: frame, at: &offset) else { return nil }
            let (id, overflow) = last.addingReportingOverflow(step)
            guard !overflow else { return nil }
            ids.append(id)
            last = id
        }
        return ids
    }
}
