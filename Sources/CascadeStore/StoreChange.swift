/// What happens to the rows of a job.
package enum StoreChange: Equatable, Sendable {
    /// One more row.
    case append(job: UInt64, bytes: [UInt8])
    /// One row in the place of all but the first.
    case conclude(job: UInt64, bytes: [UInt8])
    /// No row any more.
    case forget(job: UInt64)

    /// How many bytes it writes.
    var byteCount: Int {
        switch self {
        case .append(_, let bytes), .conclude(_, let bytes): bytes.count
        case .forget: 0
        }
    }
}
