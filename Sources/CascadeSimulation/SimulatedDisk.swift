import CascadeCore
import CascadeWire

/// A coordinator's disk: what was written is there after a crash once it is synced, and perhaps before.
struct SimulatedDisk: Sendable {
    /// A record as it would lie in a store.
    private struct Row: Sendable {
        /// What a store does with it.
        enum Change { case append, conclude, forget }

        let job: JobID
        let change: Change
        let bytes: [UInt8]
        /// Whether a bit has changed since.
        var isDamaged = false
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
        let (change, bytes): (Row.Change, [UInt8]) =
            switch record.entry {
            case .accepted, .committed, .takenUp, .putDown, .expertDeaths: (.append, JournalCodec.encode(record.entry))
            case .finished: (.conclude, JournalCodec.encode(record.entry))
            case .forgotten: (.forget, [])
            }
        rows.append(Row(job: record.job, change: change, bytes: bytes))
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

    /// The rows that a store still has: the end of a job replaces all of them but its first, and nothing is left of a
    /// job that was forgotten.
    private var places: [Int] {
        var places: [JobID: [Int]] = [:]
        for (place, row) in rows.enumerated() {
            switch row.change {
            case .append: places[row.job, default: []].append(place)
            case .conclude: places[row.job] = places[row.job, default: []].prefix(1) + [place]
            case .forget: places[row.job] = nil
            }
        }
        return places.values.flatMap(\.self).sorted()
    }

    /// A bit of some row changes, for good; whose row it is.
    mutating func damageSomeRow(_ random: inout SplitMix64) -> JobID? {
        guard let place = places.randomElement(using: &random) else { return nil }
        rows[place].isDamaged = true
        return rows[place].job
    }

    /// What the next coordinator reads: what is as it was written, and the jobs of which something is not.
    func load() throws(WireError) -> (records: [JournalRecord], damaged: [JobID: String]) {
        var records: [JournalRecord] = []
        var damaged: [JobID: String] = [:]
        for row in places.map({ rows[$0] }) {
            if row.isDamaged {
                damaged[row.job] = "simulated"
            } else {
                records.append(JournalRecord(job: row.job, entry: try JournalCodec.decode(row.bytes)))
            }
        }
        return (records, damaged)
    }
}
