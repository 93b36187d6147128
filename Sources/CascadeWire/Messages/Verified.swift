internal import CCascadeProto
internal import CascadeCore

extension Verified: WireConvertible {
    /// Numbers of one position in the raw frame.
    private static let numbersPerPosition = 7

    init(decoding proto: Cascade__V1__Verified, from reader: FieldReader) throws(WireError) {
        let argmax = try reader.list(
            proto.n_gate_argmax,
            proto.gate_argmax,
            "gate_argmax",
            limit: Int(reader.limits.positions)
        )
        let residual = try reader.list(proto.n_residual, proto.residual, "residual", matching: argmax.count)
        let count = argmax.count
        let inTop = try reader.list(proto.n_is_in_top, proto.is_in_top, "is_in_top", matching: count, or: 0)
        let favourites = try reader.list(
            proto.n_favourite_probability,
            proto.favourite_probability,
            "favourite_probability",
            matching: count,
            or: 0
        )
        let variations = try reader.list(proto.n_variation, proto.variation, "variation", matching: count, or: 0)
        let blocks = try reader.list(proto.n_block_mass, proto.block_mass, "block_mass", matching: count, or: 0)
        let frame = try reader.rawFrame(bytes: argmax.count * Self.numbersPerPosition * 8)
        var offset = 0
        var evidence: [Evidence] = []
        evidence.reserveCapacity(argmax.count)
        for index in argmax.indices {
            let bits: [UInt64] = RawFrame.values(Self.numbersPerPosition, in: frame, at: &offset)
            let numbers = bits.map { Double(bitPattern: $0) }
            func share(_ value: Double, _ field: String) throws(WireError) -> Double {
                try reader.number(1, value, field, in: WireLimits.probability)
            }
            func number(_ place: Int, _ field: String, upTo most: Double) throws(WireError) -> Double {
                try reader.number(1, numbers[place], field, in: WireLimits.probability.lowerBound...most)
            }
            let one = WireLimits.probability.upperBound
            evidence.append(
                Evidence(
                    probability: try number(0, "probability", upTo: one),
                    gateProbability: try number(1, "gate_probability", upTo: one),
                    gateMaximum: try number(2, "gate_maximum", upTo: one),
                    gateArgmax: argmax[index],
                    entropy: try number(3, "entropy", upTo: .greatestFiniteMagnitude),
                    isInTop: inTop[index] != 0,
                    favouriteProbability: try share(favourites[index], "favourite_probability"),
                    variation: try share(variations[index], "variation"),
                    blockMass: try share(blocks[index], "block_mass"),
                    keptMass: try number(4, "kept_mass", upTo: one),
                    ratio: try number(5, "ratio", upTo: .greatestFiniteMagnitude),
                    rejectMass: try number(6, "reject_mass", upTo: one),
                    residual: residual[index]
                )
            )
        }
        let bonus = proto.has_bonus == 0 ? nil : proto.bonus
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            evidence: evidence,
            bonus: bonus,
            logprobs: try reader.messages(
                proto.n_logprobs,
                proto.logprobs,
                "logprobs",
                noneOr: evidence.count + (bonus == nil ? 0 : 1)
            ),
            milliseconds: try reader.duration(proto.has_milliseconds, proto.milliseconds, "milliseconds"),
            passes: proto.has_passes == 0 ? 0 : try reader.count(1, proto.passes, "passes"),
            rows: proto.has_rows == 0 ? 0 : try reader.count(1, proto.rows, "rows")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Verified {
        var frame: [UInt8] = []
        for position in evidence {
            let numbers = [
                position.probability, position.gateProbability, position.gateMaximum, position.entropy,
                position.keptMass, position.ratio, position.rejectMass,
            ]
            for number in numbers { RawFrame.append(number.bitPattern, to: &frame) }
        }
        if !frame.isEmpty { writer.frames.append(frame) }

        var proto = Cascade__V1__Verified()
        cascade__v1__verified__init(&proto)
        proto.fence = writer.message(fence)
        (proto.n_gate_argmax, proto.gate_argmax) = writer.array(evidence.map(\.gateArgmax))
        (proto.n_residual, proto.residual) = writer.array(evidence.map(\.residual))
        let inTop = evidence.map { protobuf_c_boolean($0.isInTop ? 1 : 0) }
        (proto.n_is_in_top, proto.is_in_top) = writer.array(inTop, unless: 0)
        (proto.n_favourite_probability, proto.favourite_probability) = writer.array(
            evidence.map(\.favouriteProbability),
            unless: 0
        )
        (proto.n_variation, proto.variation) = writer.array(evidence.map(\.variation), unless: 0)
        (proto.n_block_mass, proto.block_mass) = writer.array(evidence.map(\.blockMass), unless: 0)
        put(&proto.has_bonus, &proto.bonus, bonus)
        (proto.n_logprobs, proto.logprobs) = writer.messages(logprobs)
        put(&proto.has_milliseconds, &proto.milliseconds, milliseconds)
        if passes > 0 { put(&proto.has_passes, &proto.passes, passes) }
        if rows > 0 { put(&proto.has_rows, &proto.rows, rows) }
        return proto
    }
}
