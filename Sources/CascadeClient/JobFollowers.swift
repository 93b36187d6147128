package import CascadeCore

/// Follows many jobs over one connection: hands each message to the ``JobFollower`` that it is for.
///
/// A pure machine. Jobs go by the number of the request that submitted them, or that first watched them; numbers must
/// be so far apart that those of a job's later requests, which count up from there, do not meet another's.
package struct JobFollowers: Sendable {
    /// What is to be done about one of the jobs.
    package struct Step: Sendable {
        /// The job's number here.
        package let id: UInt64
        /// What to do. Behind ``JobFollower/Action/end(_:)`` the job is not followed any more.
        package let action: JobFollower.Action
    }

    private var followers: [UInt64: JobFollower] = [:]
    private var idOfJob: [JobID: UInt64] = [:]

    /// Follows nothing yet.
    package init() {}

    /// Whether nothing is followed.
    package var isEmpty: Bool { followers.isEmpty }
    /// The jobs that are followed, in no order.
    package var ids: some Collection<UInt64> { followers.keys }

    /// Tokens that were handed out of a job; 0 where it is not followed.
    package func tokenCount(of id: UInt64) -> Int { Int(followers[id]?.tokenCount ?? 0) }

    /// Follows a new job, under the number of its request.
    ///
    /// - Parameter patience: seconds without any answer after which the coordinator counts as unreachable.
    package mutating func submit(_ submit: Submit, patience: Double, at now: Instant) -> [Step] {
        start(JobFollower(submit: submit, patience: patience, now: now), submit.requestID, at: now)
    }

    /// Follows a job that is there already, from its beginning.
    ///
    /// - Parameters:
    ///   - id: the number of the first request for it.
    ///   - patience: seconds without any answer after which the coordinator counts as unreachable.
    package mutating func watch(_ job: JobID, id: UInt64, patience: Double, at now: Instant) -> [Step] {
        idOfJob[job] = id
        return start(JobFollower(job: job, requestID: id, patience: patience, now: now), id, at: now)
    }

    private mutating func start(_ follower: JobFollower, _ id: UInt64, at now: Instant) -> [Step] {
        followers[id] = follower
        return steps(of: id) { $0.start(at: now) }
    }

    /// Takes what happens to the connection, what the coordinator says and that time passes.
    package mutating func handle(_ event: JobFollower.Event, at now: Instant) -> [Step] {
        guard case .message(let message) = event else { return handleByAll(event, at: now) }
        switch message {
        case .accepted(let accepted):
            guard followers[accepted.requestID] != nil else { return [] }
            idOfJob[accepted.job] = accepted.requestID
            return handle(event, by: accepted.requestID, at: now)
        case .delta(let delta): return idOfJob[delta.job].map { handle(event, by: $0, at: now) } ?? []
        case .finished(let finished):
            return idOfJob[finished.report.job].map { handle(event, by: $0, at: now) } ?? []
        // Its number says whose last request it answers, if anybody's.
        case .refused: return handleByAll(event, at: now)
        default: return []
        }
    }

    /// Ends a job, as far as that is still possible; see ``JobFollower/Event/cancel(isWithdrawn:)``.
    package mutating func cancel(_ id: UInt64, at now: Instant) -> [Step] {
        handle(.cancel(isWithdrawn: false), by: id, at: now)
    }

    /// Follows a job no longer and leaves it alone.
    package mutating func leave(_ id: UInt64) {
        if let job = followers.removeValue(forKey: id)?.job { idOfJob[job] = nil }
    }

    private mutating func handleByAll(_ event: JobFollower.Event, at now: Instant) -> [Step] {
        followers.keys.flatMap { handle(event, by: $0, at: now) }
    }

    private mutating func handle(_ event: JobFollower.Event, by id: UInt64, at now: Instant) -> [Step] {
        steps(of: id) { $0.handle(event, at: now) }
    }

    private mutating func steps(
        of id: UInt64,
        _ body: (inout JobFollower) -> [JobFollower.Action]
    ) -> [Step] {
        guard let actions = change(&followers[id], body) else { return [] }
        for case .end in actions { leave(id) }
        return actions.map { Step(id: id, action: $0) }
    }

    /// In place, where there is one.
    private func change(
        _ follower: inout JobFollower?,
        _ body: (inout JobFollower) -> [JobFollower.Action]
    ) -> [JobFollower.Action]? {
        guard var changed = follower.take() else { return nil }
        defer { follower = changed }
        return body(&changed)
    }
}
