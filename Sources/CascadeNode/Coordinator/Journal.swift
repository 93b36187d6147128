internal import CascadeCoordinator
internal import CascadeCore
internal import CascadeStore
internal import CascadeWire
internal import Synchronization

/// A coordinator's journal: what an earlier process left in the store, and the writer of what comes.
final class Journal: Sendable {
    let writer: JournalWriter
    private let found: Mutex<[JournaledJob]>
    private let store: any JobStore

    /// Opens a store and reads it.
    init(_ store: any JobStore) throws(StoreError) {
        self.store = store
        writer = JournalWriter(store: store)
        found = Mutex(try Self.read(try store.load()))
    }

    /// The jobs that were found when the store was opened: once, as they may be large.
    func takeJobs() -> [JournaledJob] {
        found.withLock { found in
            defer { found = [] }
            return found
        }
    }

    /// Writes down what is there, and gives the store free. Throws where not all came on disk.
    func close() throws(StoreError) {
        writer.drain()
        _ = try writer.durable()
        try store.close()
    }

    /// What rows say. One that cannot be read damages its job and no other; one of another version is no damage, and
    /// nothing is done with such a store.
    static func read(_ stored: StoredRows) throws(StoreError) -> [JournaledJob] {
        var records: [JournalRecord] = []
        var damaged: [JobID: String] = [:]
        for (job, problem) in stored.damaged { damaged[JobID(rawValue: job)] = problem }
        for row in stored.rows {
            let job = JobID(rawValue: row.job)
            do throws(WireError) {
                records.append(JournalRecord(job: job, entry: try JournalCodec.decode(row.bytes)))
            } catch {
                if case .version = error {
                    throw StoreError(
                        """
                        the store has jobs that another version of cascade wrote (\(error)): use that version, or name \
                        another file
                        """
                    )
                }
                damaged[job] = "\(error)"
            }
        }
        return JournaledJob.jobs(records, damaged: damaged)
    }
}
