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
        var total = 0
        for count in entries {
            total += Int(try reader.number(1, count, "row_entries", in: 0...reader.limits.rowEntries))
        }
        let frame = try reader.rawFrame(bytes: 8 * total)
        var offset = 0
        positions = []
        positions.reserveCapacity(tokens.count)
        for (index, token) in tokens.enumerated() {
            let row = try Self.row(Int(entries[index]), of: token, index: index, in: frame, at: &offset, reader: reader)
            let maximum = try reader.number(1, maxima[index], "gate_maximum", in: WireLimits.probability)
            positions.append(DraftedPosition(token: token, row: row, gateMaximum: maximum))
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
            for token in position.row.tokens { RawFrame.append(token, to: &frame) }
            for weight in position.row.weights { RawFrame.append(weight.bitPattern, to: &frame) }
        }
        if !frame.isEmpty { writer.frames.append(frame) }

        var proto = Cascade__V1__DraftRows()
        cascade__v1__draft_rows__init(&proto)
        (proto.n_tokens, proto.tokens) = writer.array(positions.map(\.token))
        (proto.n_row_entries, proto.row_entries) = writer.array(entries)
        (proto.n_gate_maximum, proto.gate_maximum) = writer.array(positions.map(\.gateMaximum))
        return proto
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
        let ids: [UInt32] = RawFrame.values(count, in: frame, at: &offset)
        let bits: [UInt32] = RawFrame.values(count, in: frame, at: &offset)
        guard let row = Distribution(tokens: ids, weights: bits.map { Float(bitPattern: $0) }) else {
            throw reader.invalid(
                "row \(index)",
                expected: "of ascending token ids with positive finite weights",
                actual: "\(count) other entries"
            )
        }
        guard row.index(of: token) != nil else {
            throw reader.invalid("row \(index)", expected: "with the drafted token \(token)", actual: "without it")
        }
        return row
    }
}
