internal import CascadeCoordinator
internal import CascadeCore
internal import CascadeStore
internal import CascadeWire

/// A coordinator's journal: what an earlier process left in the store, and the writer of what comes.
struct Journal: Sendable {
    let writer: JournalWriter
    /// As found when the store was opened.
    let jobs: [JournaledJob]
    private let store: any JobStore

    /// Opens a store and reads it.
    init(_ store: any JobStore) throws(StoreError) {
        self.store = store
        writer = JournalWriter(store: store)
        jobs = Self.read(try store.load())
    }

    /// Writes down what is there, and gives the store free.
    func close() throws(StoreError) {
        writer.drain()
        try store.close()
    }

    /// What rows say. One that cannot be read damages its job and no other.
    static func read(_ stored: StoredRows) -> [JournaledJob] {
        var records: [JournalRecord] = []
        var damaged: [JobID: String] = [:]
        for (job, problem) in stored.damaged { damaged[JobID(rawValue: job)] = problem }
        for row in stored.rows {
            let job = JobID(rawValue: row.job)
            do throws(WireError) {
                records.append(JournalRecord(job: job, entry: try JournalCodec.decode(row.bytes)))
            } catch {
                damaged[job] = "\(error)"
            }
        }
        return JournaledJob.jobs(records, damaged: damaged)
    }
}
