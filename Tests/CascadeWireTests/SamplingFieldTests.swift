import CCascadeProto
import CascadeCore
import Testing

@testable import CascadeWire

/// Penalties and bias on the wire: what no setting can be is refused, what is off takes no bytes.
struct SamplingFieldTests {
    private func decoded(_ sampling: SamplingSettings) throws -> SamplingSettings? {
        var submit = Samples.submit
        submit.sampling = sampling
        guard case .submit(let found) = try WireCodec.decode(WireCodec.encode(.submit(submit))) else { return nil }
        return found.sampling
    }

    /// The values that one may set at a command line, and those beyond: ``SamplingSettings/problem`` says in words what
    /// is wrong with them.
    @Test func numbersComeThroughAsTheyAre() throws {
        for sampling in [
            SamplingSettings(), SamplingSettings(presencePenalty: -2, frequencyPenalty: 2, repetitionPenalty: 100),
            SamplingSettings(presencePenalty: 3, frequencyPenalty: -1e300, repetitionPenalty: 0),
            SamplingSettings(logitBias: [LogitBias(token: 0, bias: -100), LogitBias(token: .max, bias: 1e9)]),
            SamplingSettings(logitBias: (0..<Token(LogitBias.most)).map { LogitBias(token: $0, bias: 0.5) }),
        ] {
            #expect(try decoded(sampling) == sampling)
        }
    }

    @Test func whatNoSettingCanBeIsRefused() {
        func biased(_ entries: [(Token, Double)]) -> SamplingSettings {
            SamplingSettings(logitBias: entries.map { LogitBias(token: $0.0, bias: $0.1) })
        }
        for sampling in [
            SamplingSettings(presencePenalty: .nan), SamplingSettings(frequencyPenalty: .infinity),
            SamplingSettings(repetitionPenalty: -1), SamplingSettings(repetitionPenalty: .infinity),
            biased([(5, 1), (5, 2)]), biased([(6, 1), (5, 2)]), biased([(5, .nan)]), biased([(5, -.infinity)]),
            biased((0...Token(LogitBias.most)).map { ($0, 1) }),
        ] {
            #expect(throws: WireError.self, "\(sampling)") { try decoded(sampling) }
        }
    }

    /// A bias for each token, or none.
    @Test func columnsMustBeOfOneLength() throws {
        var proto = Cascade__V1__SamplingSettings()
        cascade__v1__sampling_settings__init(&proto)
        let plain = cascade__v1__sampling_settings__get_packed_size(&proto)
        var tokens: [UInt32] = [1, 2]
        tokens.withUnsafeMutableBufferPointer { buffer in
            (proto.n_bias_tokens, proto.bias_tokens) = (buffer.count, buffer.baseAddress)
            #expect(cascade__v1__sampling_settings__get_packed_size(&proto) > plain)
            let reader = FieldReader(name: "submit", limits: .standard, frames: [])
            #expect(throws: WireError.self) { try SamplingSettings(decoding: proto, from: reader) }
        }
    }

    /// Whoever knows nothing of penalties reads what it always read.
    @Test func whatIsOffTakesNoBytes() {
        var submit = Samples.submit
        let before = WireCodec.encode(.submit(submit))
        submit.sampling.logitBias = [LogitBias(token: 1, bias: 1)]
        #expect(WireCodec.encode(.submit(submit)).joined().count > before.joined().count)
        submit.sampling.logitBias = []
        submit.sampling.repetitionPenalty = 1
        #expect(WireCodec.encode(.submit(submit)) == before)
    }
}
