internal import CCascadeProto
package import CascadeCore

/// Turns a journal's records into bytes and back (`Protos/cascade/v1/journal.proto`). Whose record it is stands beside
/// the bytes.
package enum JournalCodec {
    /// The bytes of a record; none of one that says no more than that the job is forgotten.
    package static func encode(_ entry: JournalRecord.Entry) -> [UInt8] {
        let arena = Arena()
        defer { arena.free() }
        var writer = FieldWriter(arena: arena)
        var record = Cascade__V1__JournalRecord()
        cascade__v1__journal_record__init(&record)
        put(&record.has_protocol_version, &record.protocol_version, WireCodec.protocolVersion)
        put(&record.has_minimum_version, &record.minimum_version, WireCodec.minimumVersion)
        switch entry {
        case .accepted(let body): record.accepted = writer.message(body)
        case .committed(let body): record.committed = writer.message(body)
        case .takenUp: record.flight = writer.message(Flight(isOver: false))
        case .putDown: record.flight = writer.message(Flight(isOver: true))
        case .expertDeaths(let experts): record.expert_deaths = writer.message(ExpertDeaths(experts: experts))
        case .finished(let body): record.finished = writer.message(body)
        case .forgotten: return []
        }
        let size = cascade__v1__journal_record__get_packed_size(&record)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = cascade__v1__journal_record__pack(&record, buffer.baseAddress)
        }
    }

    /// The record in `bytes`. Nothing in them can trap: what is no record throws an error that says what is wrong.
    package static func decode(_ bytes: [UInt8]) throws(WireError) -> JournalRecord.Entry {
        guard bytes.count <= limits.envelopeBytes else {
            throw .tooLarge(message: name, what: "the record", actual: bytes.count, limit: limits.envelopeBytes)
        }
        // More than what foreign bytes may take: these were encoded here, and short explanations unpack to 25 times as
        // much.
        let arena = Arena(bytes: limits.unpackBytes(frame: 4 * bytes.count))
        defer { arena.free() }
        let unpacked = bytes.withUnsafeBufferPointer { bytes in
            cascade__v1__journal_record__unpack(arena.allocator, bytes.count, bytes.baseAddress)
        }
        guard let record = unpacked?.pointee else {
            throw .malformed(message: name, reason: "it is not a protobuf message of this schema")
        }
        let reader = FieldReader(name: name, limits: limits, frames: [])
        let theirs = try reader.value(record.has_protocol_version, record.protocol_version, "protocol_version")
        let minimum = try reader.value(record.has_minimum_version, record.minimum_version, "minimum_version")
        guard minimum <= WireCodec.protocolVersion, theirs >= WireCodec.minimumVersion else {
            throw .version(theirs: theirs, ours: WireCodec.protocolVersion)
        }
        var entries: [JournalRecord.Entry] = []
        if let body = record.accepted { entries.append(.accepted(try reader.body(body))) }
        if let body = record.committed { entries.append(.committed(try reader.body(body))) }
        if let body = record.finished { entries.append(.finished(try reader.body(body))) }
        if let body = record.flight {
            let flight: Flight = try reader.body(body)
            entries.append(flight.isOver ? .putDown : .takenUp)
        }
        if let body = record.expert_deaths {
            let deaths: ExpertDeaths = try reader.body(body)
            entries.append(.expertDeaths(deaths.experts))
        }
        guard let entry = entries.first, entries.count == 1 else {
            let kinds = "accepted, committed, finished, flight and expert_deaths"
            throw .malformed(message: name, reason: "it must have exactly one of \(kinds)")
        }
        return entry
    }

    private static let name = "journalRecord"

    /// A record may hold a whole submission or answer, each of which is a message of its own.
    private static var limits: WireLimits {
        var limits = WireLimits()
        limits.envelopeBytes *= 4
        return limits
    }
}
