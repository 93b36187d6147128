internal import CascadeCore
internal import CascadeStore
internal import CascadeWire
internal import Dispatch
internal import Synchronization

/// Writes a coordinator's records down beside its reactor thread: a disk may take seconds, in which heartbeats and
/// rounds go on. What has gathered meanwhile is brought on disk together.
///
/// When the store fails, nothing is written any more: what a disk says after a failed sync is not to be trusted.
final class JournalWriter: Sendable {
    private struct State {
        /// Not given to the store yet.
        var pending: [JournalRecord] = []
        /// Whether the queue will look at them.
        var isScheduled = false
        /// Records on disk.
        var durable: UInt64 = 0
        var failure: StoreError?
    }

    private let store: any JobStore
    private let failpoints: Failpoints
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "cascade.journal")

    init(store: any JobStore, failpoints: Failpoints = Failpoints()) {
        self.store = store
        self.failpoints = failpoints
    }

    /// How many records are on disk; throws the store's failure.
    func durable() throws(StoreError) -> UInt64 {
        let (durable, failure) = state.withLock { ($0.durable, $0.failure) }
        if let failure { throw failure }
        return durable
    }

    /// Takes one more record, and calls `wake` when ``durable()`` has something to tell.
    func append(_ record: JournalRecord, wake: @escaping @Sendable () -> Void) {
        let mustSchedule = state.withLock { state in
            state.pending.append(record)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        guard mustSchedule else { return }
        queue.async { [self] in
            while write() {
                wake()
                if !checkpoint() { wake() }
            }
        }
    }

    /// Waits until all that was taken is on disk, or the store has failed.
    func drain() {
        queue.sync {}
    }

    /// Brings what is there on disk; false where there was nothing.
    private func write() -> Bool {
        let records = state.withLock { state -> [JournalRecord] in
            defer { state.pending = [] }
            if state.pending.isEmpty || state.failure != nil { state.isScheduled = false }
            return state.failure == nil ? state.pending : []
        }
        guard !records.isEmpty else { return false }
        do throws(StoreError) {
            for record in records { failpoints.reachedBeforeSync(record) }
            try store.apply(records.map(StoreChange.init))
            for record in records { failpoints.reachedAfterSync(record) }
            state.withLock { $0.durable += UInt64(records.count) }
        } catch {
            fail(error)
        }
        return true
    }

    /// Behind what clients wait for; false where it failed.
    private func checkpoint() -> Bool {
        guard store.needsCheckpoint else { return true }
        failpoints.reached("checkpoint")
        do throws(StoreError) {
            try store.checkpoint()
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private func fail(_ error: StoreError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }
}

extension StoreChange {
    fileprivate init(_ record: JournalRecord) {
        let job = record.job.rawValue
        self =
            switch record.entry {
            case .accepted, .committed, .takenUp, .putDown, .expertDeaths:
                .append(job: job, bytes: JournalCodec.encode(record.entry))
            case .finished: .conclude(job: job, bytes: JournalCodec.encode(record.entry))
            case .forgotten: .forget(job: job)
            }
    }
}
