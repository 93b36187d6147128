internal import CCascadeProto
internal import CascadeCore

// Log probabilities: of an expert's rows, and of an answer's tokens.

extension RowLogprobs: WireConvertible {
    init(decoding proto: Cascade__V1__RowLogprobs, from reader: FieldReader) throws(WireError) {
        var drafted: RankedLogprob?
        if proto.has_drafted != 0 {
            drafted = RankedLogprob(
                try reader.logprob(1, proto.drafted, "drafted"),
                rank: try reader.rank(proto.has_drafted_rank, proto.drafted_rank, "drafted_rank")
            )
        }
        self.init(
            drafted: drafted,
            own: RankedLogprob(
                try reader.logprob(proto.has_own, proto.own, "own"),
                rank: try reader.rank(proto.has_own_rank, proto.own_rank, "own_rank")
            ),
            top: try reader.top(
                (proto.n_top_tokens, proto.top_tokens),
                (proto.n_top_logprobs, proto.top_logprobs)
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__RowLogprobs {
        var proto = Cascade__V1__RowLogprobs()
        cascade__v1__row_logprobs__init(&proto)
        put(&proto.has_drafted, &proto.drafted, drafted?.value)
        put(&proto.has_drafted_rank, &proto.drafted_rank, drafted?.rank)
        put(&proto.has_own, &proto.own, own.value)
        put(&proto.has_own_rank, &proto.own_rank, own.rank)
        (proto.n_top_tokens, proto.top_tokens) = writer.array(top.map(\.token))
        (proto.n_top_logprobs, proto.top_logprobs) = writer.array(top.map(\.value))
        return proto
    }
}

extension TokenLogprobs: WireConvertible {
    init(decoding proto: Cascade__V1__TokenLogprobs, from reader: FieldReader) throws(WireError) {
        let limit = reader.limits.tokenBytes
        let top = try reader.top((proto.n_top_tokens, proto.top_tokens), (proto.n_top_logprobs, proto.top_logprobs))
        let told = try reader.list(proto.n_top_bytes, proto.top_bytes, "top_bytes", limit: top.count)
        var entries: [Entry] = []
        entries.reserveCapacity(top.count)
        for (index, one) in top.enumerated() {
            let bytes = index < told.count ? try reader.bytes(told[index], "top_bytes", limit: limit) : nil
            entries.append(Entry(one, bytes: bytes))
        }
        self.init(
            RankedLogprob(
                try reader.logprob(proto.has_logprob, proto.logprob, "logprob"),
                rank: try reader.rank(proto.has_rank, proto.rank, "rank")
            ),
            bytes: proto.has_bytes == 0 ? nil : try reader.bytes(proto.bytes, "bytes", limit: limit),
            top: entries
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__TokenLogprobs {
        var proto = Cascade__V1__TokenLogprobs()
        cascade__v1__token_logprobs__init(&proto)
        put(&proto.has_logprob, &proto.logprob, token.value)
        put(&proto.has_rank, &proto.rank, token.rank)
        if let bytes { put(&proto.has_bytes, &proto.bytes, writer.bytes(bytes)) }
        (proto.n_top_tokens, proto.top_tokens) = writer.array(top.map(\.top.token))
        (proto.n_top_logprobs, proto.top_logprobs) = writer.array(top.map(\.top.value))
        var told: [ProtobufCBinaryData] = []
        for entry in top {
            guard let bytes = entry.bytes else { break }
            told.append(writer.bytes(bytes))
        }
        (proto.n_top_bytes, proto.top_bytes) = writer.array(told)
        return proto
    }
}

extension FieldReader {
    /// A natural logarithm of a probability.
    fileprivate func logprob(
        _ has: protobuf_c_boolean,
        _ value: Double,
        _ field: String
    ) throws(WireError) -> Double {
        try number(has, value, field, in: WireLimits.logprob)
    }

    /// A place among all tokens.
    fileprivate func rank(_ has: protobuf_c_boolean, _ value: UInt32, _ field: String) throws(WireError) -> UInt32 {
        try number(has, value, field, in: 1...limits.count)
    }

    /// The likeliest tokens.
    fileprivate func top(
        _ tokens: (count: Int, values: UnsafeMutablePointer<UInt32>?),
        _ logprobs: (count: Int, values: UnsafeMutablePointer<Double>?)
    ) throws(WireError) -> [TopLogprob] {
        let ids = try list(tokens.count, tokens.values, "top_tokens", limit: Int(limits.logprobs))
        let values = try list(logprobs.count, logprobs.values, "top_logprobs", matching: ids.count)
        var top: [TopLogprob] = []
        top.reserveCapacity(ids.count)
        for (token, value) in zip(ids, values) {
            top.append(TopLogprob(token, try logprob(1, value, "top_logprobs")))
        }
        return top
    }
}
