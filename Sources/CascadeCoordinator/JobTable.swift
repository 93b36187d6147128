import CascadeCore
import OrderedCollections

/// The jobs that have not ended, in the order of submission.
///
/// Changing one through an ordered dictionary's subscript moves it to the end and back, which copies it twice, and a
/// round changes its job a dozen times. Here it is taken out and put back into its place.
struct JobTable: Sendable {
    /// A value is nil only while it is being changed.
    private var jobs: OrderedDictionary<JobID, Job?> = [:]

    var count: Int { jobs.count }

    /// In the order of submission.
    var keys: OrderedSet<JobID> { jobs.keys }

    /// In the order of submission. O(count).
    var values: [Job] { jobs.values.compactMap(\.self) }

    /// A job, to read, to change in place, to add and to remove.
    subscript(id: JobID) -> Job? {
        get { jobs.index(forKey: id).flatMap { jobs.values[$0] } }
        _modify {
            let index = jobs.index(forKey: id)
            var job = index.flatMap { jobs.values[$0].take() }
            defer {
                if let index {
                    if let job { jobs.values[index] = job } else { jobs.remove(at: index) }
                } else if let job {
                    jobs.updateValue(job, forKey: id)
                }
            }
            yield &job
        }
    }

    mutating func removeValue(forKey id: JobID) {
        jobs.removeValue(forKey: id)
    }
}
