/// What happens to the rows of a job.
package enum StoreChange: Equatable, Sendable {
    /// One more row.
    case append(job: UInt64, bytes: [UInt8])
    /// One row in the place of all but the first.
    case conclude(job: UInt64, bytes: [UInt8])
    /// No row any more.
    case forget(job: UInt64)
}
