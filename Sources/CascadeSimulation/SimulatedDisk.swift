import CascadeCore
import CascadeWire

/// A coordinator's disk: what was written is there after a crash once it is synced, and perhaps before.
struct SimulatedDisk: Sendable {
    /// A record as it would lie in a store.
    private struct Row: Sendable {
        var job: JobID
        /// Nil forgets the job.
        var bytes: [UInt8]?
    }

    private var rows: [Row] = []
    /// Those of them that are synced.
    private var synced = 0
    /// Those of them that were there when the present coordinator began.
    private var earlier = 0
    /// Those of them that the sync which is under way brings on disk; nil where none is.
    private var syncing: Int?

    /// Records of the present coordinator that are not synced.
    var unsynced: Int { rows.count - synced }

    mutating func write(_ record: JournalRecord) {
        let isForgotten = record.entry == .forgotten
        rows.append(Row(job: record.job, bytes: isForgotten ? nil : JournalCodec.encode(record.entry)))
    }

    /// Begins to bring on disk what was written; false where there is nothing, or it has begun before.
    mutating func beginSync() -> Bool {
        guard syncing == nil, unsynced > 0 else { return false }
        syncing = rows.count
        return true
    }

    /// What was begun is done; the number of the last record of the present coordinator that is on disk.
    mutating func endSync() -> UInt64 {
        synced = syncing ?? synced
        syncing = nil
        return UInt64(synced - earlier)
    }

    /// The process dies; the disk has got `count` more records than were known to be on it.
    mutating func crash(keeping count: Int) {
        rows.removeLast(unsynced - count)
        synced = rows.count
        earlier = rows.count
        syncing = nil
    }

    /// Some job that there is something of.
    func someJob(_ random: inout SimulationRandom) -> JobID? { rows.randomElement(using: &random)?.job }

    /// All records but those of `lost`, as the next coordinator reads them.
    func records(without lost: JobID?) throws(WireError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        for row in rows where row.job != lost {
            let entry: JournalRecord.Entry =
                if let bytes = row.bytes { try JournalCodec.decode(bytes) } else { .forgotten }
            records.append(JournalRecord(job: row.job, entry: entry))
        }
        return records
    }
}
