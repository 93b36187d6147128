/// Where a coordinator's records lie: rows of bytes that belong to jobs, and what they are is the coordinator's
/// business.
///
/// One coordinator at a time has it open. Used from one thread at a time.
package protocol JobStore: Sendable {
    /// All rows, each job's in the order in which they were written.
    func load() throws(StoreError) -> StoredRows

    /// Carries out changes in order, all or none of them. On return they survive a crash of the machine.
    func apply(_ changes: [StoreChange]) throws(StoreError)

    /// Whether it is time for ``checkpoint()``.
    var needsCheckpoint: Bool { get }

    /// Tidies up behind changes that are on disk already, and stay there whatever becomes of this.
    func checkpoint() throws(StoreError)

    /// Gives it free.
    func close() throws(StoreError)
}
