package import CascadeCore
import OrderedCollections

/// Which jobs have places and who waits for one, job by job: for the simulator, which keeps an account of its own of
/// what owners are given.
package struct PlaceGauges: Equatable, Sendable {
    /// A job whose rounds run.
    package struct Running: Equatable, Sendable {
        /// Which.
        package var job: JobID
        /// Its owner's name.
        package var owner: String
        /// Tokens of its prompt.
        package var promptTokens: Int
        /// Tokens of its answer so far, those that may still be taken back too.
        package var tokens: Int
    }

    /// In the order in which they were given their places.
    package var running: [Running]
    /// Names of owners of whom a job waits for room at an expert.
    package var waiting: [String]
    /// Places that were given since the coordinator's start.
    package var given: UInt64
    /// Answers that were taken back since then, and with them tokens that their owners were given.
    package var takenBack: UInt64
}

extension CoordinatorStateMachine {
    /// Who has places, and who waits for one. O(running jobs + owners).
    package var placeGauges: PlaceGauges {
        let running = jobs.running.compactMap { id in
            jobs.read(id) { job in
                PlaceGauges.Running(
                    job: id,
                    owner: job.owner.name,
                    promptTokens: job.sequence?.spec.promptLength ?? 0,
                    tokens: job.sequence?.answer.count ?? 0
                )
            }
        }
        return PlaceGauges(
            running: running,
            waiting: jobs.waitingOwners,
            given: transitions[.jobAdmitted],
            takenBack: transitions[.answerDeferred]
        )
    }

    /// Tokens of the answer of a job that has ended; nil where its report is not kept.
    package func finishedTokens(of id: JobID) -> Int? { finished[id]?.report.tokens.count }

    /// An owner's jobs that have not ended. O(jobs).
    package func unfinishedJobs(of owner: String) -> Int {
        jobs.keys.count { jobs.read($0) { $0.owner.name == owner } == true }
    }

    /// Jobs that have ended and whose reports are kept, by their owners' names. O(jobs).
    package var finishedJobsOfOwners: [String: Int] {
        finished.jobs.values.reduce(into: [:]) { $0[$1.owner.name, default: 0] += 1 }
    }
}
