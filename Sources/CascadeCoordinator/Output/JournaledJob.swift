package import CascadeCore
import OrderedCollections

/// A job as an earlier coordinator left it.
package struct JournaledJob: Equatable, Sendable {
    /// Its name.
    let id: JobID
    private(set) var accepted: AcceptedJob?
    private(set) var answer: JournaledAnswer?
    private(set) var finished: FinishedAnswer?
    /// How often it was taken up and not put down: the crashes at which it was in flight.
    private(set) var crashes = 0
    /// The experts that died while they worked on it.
    private(set) var expertDeaths: [NodeIdentity] = []
    /// Its last record's place among all records.
    private var lastPlace = 0
    /// Why its records are of no use.
    private(set) var damage: String?

    init(_ id: JobID) {
        self.id = id
    }

    mutating func add(_ entry: JournalRecord.Entry) {
        guard damage == nil else { return }
        switch entry {
        case .accepted(let job): accepted = job
        case .committed(let committed): damage = add(committed)
        case .takenUp: crashes += 1
        case .putDown: crashes = max(0, crashes - 1)
        case .expertDeaths(let experts): expertDeaths = experts
        case .finished(let finished):
            self.finished = finished
            if finished.report.job != id { damage = "its end is that of job \(finished.report.job)" }
        case .forgotten: break
        }
    }

    private mutating func add(_ committed: CommittedTokens) -> String? {
        guard let submit = accepted?.submit else { return "what was asked for is missing" }
        if answer == nil, let start = committed.start {
            guard start.maxTokens <= submit.maxTokens else { return "its answer is longer than what was asked for" }
            answer = JournaledAnswer(start)
        }
        guard answer != nil else { return "its first tokens are missing" }
        return answer?.add(committed, explains: submit.wantsExplanations)
    }

    mutating func noteDamage(_ problem: String) {
        damage = damage ?? problem
    }

    /// The jobs of a journal: those that have ended in the order of their ends, then the others in the order in which
    /// they were accepted.
    ///
    /// - Parameters:
    ///   - records: each job's in the order in which they were written.
    ///   - damaged: what is wrong with jobs of which records could not be read.
    package static func jobs(_ records: [JournalRecord], damaged: [JobID: String] = [:]) -> [JournaledJob] {
        var jobs: OrderedDictionary<JobID, JournaledJob> = [:]
        for (place, record) in records.enumerated() {
            if case .forgotten = record.entry {
                jobs.removeValue(forKey: record.job)
            } else {
                jobs[record.job, default: JournaledJob(record.job)].add(record.entry)
                jobs[record.job]?.lastPlace = place
            }
        }
        for (id, problem) in damaged.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            jobs[id, default: JournaledJob(id)].noteDamage(problem)
        }
        for id in jobs.keys where jobs[id]?.accepted == nil { jobs[id]?.noteDamage("what was asked for is missing") }
        let ended = jobs.values.filter { $0.finished != nil }.sorted { $0.lastPlace < $1.lastPlace }
        let pending = jobs.values.filter { $0.finished == nil }
        return ended + pending.sorted { ($0.accepted?.number ?? .max) < ($1.accepted?.number ?? .max) }
    }
}
