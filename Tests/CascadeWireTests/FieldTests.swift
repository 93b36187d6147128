import CCascadeProto
import CascadeCore
import CascadeFuzzing
import Testing

@testable import CascadeWire

/// Every field of every message, one after the other, found through the schema: dropped, or given a value that makes no
/// sense.
struct FieldTests {
    /// What a message may lack.
    private static let optional: Set<String> = [
        "draft.spec", "verify.spec", "verified.bonus", "submit.system", "submit.seed",
        "submit.num_speculative_tokens", "finished.report.error", "finished.report.first_token_milliseconds",
        "status_request.job", "job_list.jobs[0].reason", "job_list.jobs[0].prompt_beginning",
        "pong.progress.prefix_cache_hit_tokens", "node_list.nodes[0].progress.prefix_cache_hit_tokens",
        "submit.drafter_kind", "accepted.num_speculative_tokens",
        "finished.report.num_speculative_tokens", "finished.report.drafter_kind",
        "finished.report.draft_minimum_confidence",
        "finished.report.counts.lookup_drafted", "finished.report.counts.lookup_accepted",
        "hello.host", "drafted.passes", "drafted.rows", "verified.passes", "verified.rows", "hello.is_synthetic",
        "hello.page_tokens", "cluster_status.preemptions",
        "pong.progress.uptime_milliseconds", "pong.progress.cpu_milliseconds",
        "pong.progress.stuck_milliseconds", "node_list.nodes[0].progress.stuck_milliseconds",
        "node_list.nodes[0].progress.uptime_milliseconds", "node_list.nodes[0].progress.cpu_milliseconds",
        "node_list.nodes[0].busy_fraction", "node_list.nodes[0].cpu_fraction", "node_list.nodes[0].host",
        "node_list.nodes[0].rest",
        "node_list.nodes[0].is_synthetic", "finished.report.is_synthetic",
        "cluster_status.cpu_milliseconds", "jobs_cancelled.remaining",
        "cluster_status.counts.lookup_drafted", "cluster_status.counts.lookup_accepted", "cluster_status.stall",
    ]

    /// Bytes that need not be UTF-8.
    private static let binary: Set<String> = [
        "submit.prompt", "submit.system", "submit.stop", "delta.text", "finished.report.text",
    ]

    /// Numbers that may be negative.
    private static let signed: Set<String> = ["submit.rule.alpha", "finished.report.rule.alpha"]

    /// The variants of the kind's sample and what decoding says of each.
    private static func outcomes(
        _ kind: MessageKind,
        edit: (SchemaField, ProtoField) -> [ProtoField]?
    ) -> [(field: SchemaField, result: Result<Message, WireError>)] {
        let frames = WireCodec.encode(Samples.message(kind))
        return Schema.variants(of: frames[0], Schema.envelope, edit: edit).map { variant in
            let changed = [variant.bytes] + frames.dropFirst()
            return (variant.field, Result { () throws(WireError) in try WireCodec.decode(changed) })
        }
    }

    private static func bytes(_ value: Double) -> [UInt8] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    /// The path inside the message: `prefix.tail` of `verify.prefix.tail`.
    private static func inner(_ path: String) -> String {
        path.split(separator: ".").dropFirst().joined(separator: ".")
    }

    @Test("a missing field is named, unless it may be missing", arguments: MessageKind.allCases)
    func missing(kind: MessageKind) {
        var dropped = 0
        for (field, result) in Self.outcomes(kind, edit: { _, _ in [] }) where field.path.contains(".") {
            dropped += 1
            switch result {
            case .success(let message):
                #expect(field.isRepeated || Self.optional.contains(field.path), "\(field.path) was not missed")
                #expect(message != Samples.message(kind), "\(field.path)")
            case .failure(let error):
                if field.isRepeated { continue }
                // What depends on a field that may be missing can be unsound without it.
                if Self.optional.contains(field.path), case .invalid = error { continue }
                #expect(error == .missing(message: kind.name, field: Self.inner(field.path)))
            }
        }
        #expect(dropped > 0)
    }

    @Test("NaN, infinities and negative numbers are refused", arguments: MessageKind.allCases)
    func doubles(kind: MessageKind) {
        for value in [Double.nan, .infinity, -.infinity, -0.5] {
            let outcomes = Self.outcomes(kind) { place, field in
                guard place.type == PROTOBUF_C_TYPE_DOUBLE else { return nil }
                var changed = field
                changed.payload.replaceSubrange(0..<8, with: Self.bytes(value))
                return [changed]
            }
            for (field, result) in outcomes {
                if value.isFinite, Self.signed.contains(field.path) { continue }
                guard case .failure(.invalid(kind.name, _, _, _)) = result else {
                    Issue.record("\(field.path) = \(value) gave \(result)")
                    continue
                }
            }
        }
    }

    @Test("unknown values of enumerations are refused", arguments: MessageKind.allCases)
    func enumerations(kind: MessageKind) {
        for value: UInt64 in [0, 99, 1 << 31, .max] {
            let outcomes = Self.outcomes(kind) { place, field in
                guard place.type == PROTOBUF_C_TYPE_ENUM else { return nil }
                var changed = field
                // A list keeps its length: its first entry becomes the value's lowest byte.
                changed.payload = place.isRepeated ? [0] + field.payload.dropFirst() : ProtoField.varint(value)
                return [changed]
            }
            for (field, result) in outcomes {
                guard case .failure(.invalid(kind.name, _, _, _)) = result else {
                    Issue.record("\(field.path) = \(value) gave \(result)")
                    continue
                }
            }
        }
    }

    @Test("text that is not UTF-8 is refused", arguments: MessageKind.allCases)
    func text(kind: MessageKind) {
        let outcomes = Self.outcomes(kind) { place, field in
            guard place.type == PROTOBUF_C_TYPE_BYTES, !Self.binary.contains(place.path) else { return nil }
            var changed = field
            changed.payload = [0x61, 0xff]
            return [changed]
        }
        for (field, result) in outcomes {
            let expected = WireError.invalid(
                message: kind.name,
                field: Self.inner(field.path),
                expected: "UTF-8",
                actual: "other bytes"
            )
            #expect(throws: expected, "\(field.path)") { try result.get() }
        }
    }

    @Test("every text has a limit", arguments: MessageKind.allCases)
    func lengths(kind: MessageKind) {
        var limits = WireLimits.standard
        limits.textBytes = limits.noteBytes
        let frames = WireCodec.encode(Samples.message(kind))
        let variants = Schema.variants(of: frames[0], Schema.envelope) { place, field in
            guard place.type == PROTOBUF_C_TYPE_BYTES else { return nil }
            var changed = field
            changed.payload = [UInt8](repeating: 0x61, count: limits.noteBytes + 1)
            return [changed]
        }
        for variant in variants {
            do {
                _ = try WireCodec.decode([variant.bytes] + frames.dropFirst(), limits: limits)
                Issue.record("\(variant.field.path) was taken")
            } catch {
                guard case .invalid(kind.name, Self.inner(variant.field.path), _, "16385 bytes") = error else {
                    Issue.record("\(variant.field.path) gave \(error)")
                    continue
                }
            }
        }
    }

    @Test("every list has a limit")
    func lists() {
        func check(_ kind: MessageKind, _ field: String, in message: Message? = nil, limit: (inout WireLimits) -> Void)
        {
            var limits = WireLimits.standard
            limit(&limits)
            do {
                _ = try WireCodec.decode(WireCodec.encode(message ?? Samples.message(kind)), limits: limits)
                Issue.record("\(kind).\(field) was taken")
            } catch {
                guard case .invalid(kind.name, field, _, _) = error else {
                    Issue.record("\(kind).\(field) gave \(error)")
                    return
                }
            }
        }
        let bare = Draft(fence: Samples.fence, specID: 42, spec: nil, prefix: Samples.prefix, count: 1)
        check(.draft, "prefix.tail", in: .draft(bare)) { $0.tokens = 2 }
        check(.draft, "spec.prompt_length") { $0.tokens = 99 }
        check(.delta, "tokens") { $0.tokens = 2 }
        check(.finished, "report.tokens") { $0.tokens = 2 }
        check(.drafted, "positions.tokens") { $0.positions = 1 }
        check(.verified, "gate_argmax") { $0.positions = 1 }
        check(.submit, "stop") { $0.stopStrings = 1 }
        check(.draft, "spec.guard_tokens") { $0.listEntries = 1 }
        check(.ready, "costs.rows") { $0.listEntries = 1 }
        check(.finished, "report.counts.acceptance_histogram") { $0.listEntries = 4 }
        check(.jobList, "jobs") { $0.listEntries = 0 }
        check(.nodeList, "nodes") { $0.listEntries = 0 }
    }

    @Test("huge numbers are refused or come back as they are", arguments: MessageKind.allCases)
    func integers(kind: MessageKind) {
        for value: UInt64 in [.max, 1 << 63, 1 << 32 - 1, 1 << 31] {
            let outcomes = Self.outcomes(kind) { place, field in
                guard field.wireType == 0, place.path.contains(".") else { return nil }
                var changed = field
                changed.payload = ProtoField.varint(value)
                return [changed]
            }
            for (field, result) in outcomes {
                guard case .success(let message) = result else { continue }
                let back = try? WireCodec.decode(WireCodec.encode(message))
                #expect(back == message, "\(field.path) = \(value)")
            }
        }
    }

    @Test("counts of a report may be added")
    func countsAdd() throws {
        var report = Samples.report
        report.counts.kept = 1 << 48
        report.counts.matched = 1 << 48
        let most = Message.finished(Finished(report: report))
        guard case .finished(let finished) = try WireCodec.decode(WireCodec.encode(most)) else {
            Issue.record("another kind came back")
            return
        }
        #expect(finished.report.counts.accepted == 1 << 49)
        report.counts.kept = .max
        #expect(throws: WireError.self) {
            try WireCodec.decode(WireCodec.encode(.finished(Finished(report: report))))
        }
    }
}
