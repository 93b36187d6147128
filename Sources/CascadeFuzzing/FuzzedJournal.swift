internal import CascadeCoordinator
package import CascadeCore
internal import CascadeWire

/// Bytes as the records of one job: before each record its length in two bytes, lowest first. What is too short gives a
/// shorter record: every input is some journal.
package struct FuzzedJournal: Equatable, Sendable {
    /// The rows.
    package var rows: [[UInt8]] = []

    /// Reads an input.
    package init(_ input: [UInt8]) {
        var rest = input[...]
        while let low = rest.popFirst() {
            let length = Int(low) | Int(rest.popFirst() ?? 0) << 8
            rows.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
    }

    /// The records as an input.
    package init(records: [JournalRecord]) {
        rows = records.map { JournalCodec.encode($0.entry) }
    }

    /// The input.
    package var bytes: [UInt8] {
        rows.flatMap { [UInt8(truncatingIfNeeded: $0.count), UInt8(truncatingIfNeeded: $0.count >> 8)] + $0 }
    }

    /// Lets a coordinator find the records, and go on with the job as far as it comes. Returns whether all of them are
    /// records.
    package func run() throws(FuzzFailure) -> Bool {
        let job = JobID(rawValue: 1)
        var records: [JournalRecord] = []
        var damaged: [JobID: String] = [:]
        for row in rows {
            switch Self.decode(row) {
            case .success(let entry):
                guard Self.decode(JournalCodec.encode(entry)) == .success(entry) else {
                    throw FuzzFailure("\(entry) came back as something else")
                }
                records.append(JournalRecord(job: job, entry: entry))
            case .failure(let error): damaged[job] = "\(error)"
            }
        }
        try HostilePeers.goOn(with: records, damaged: damaged)
        return damaged.isEmpty && !records.isEmpty
    }

    /// A job that the coordinator which finds it can go on with.
    package static var unfinished: [JournalRecord.Entry] { HostilePeers.unfinished }

    private static func decode(_ row: [UInt8]) -> Result<JournalRecord.Entry, WireError> {
        Result { () throws(WireError) in try JournalCodec.decode(row) }
    }
}
