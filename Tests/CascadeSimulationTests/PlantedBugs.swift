import CascadeCore
import CascadeSimulation

@testable import CascadeCoordinator

/// A coordinator whose driver or machine makes a mistake: what comes in and goes out is tampered with, the machine
/// itself is the real one.
struct TamperedCoordinator: CoordinatorTampering {
    /// The mistakes.
    enum Bug: CaseIterable {
        /// A reply of an earlier round is taken for the current one's.
        case staleRound
        /// A round is committed, and its reply once more as the next round's.
        case doubleCommit
        /// What a job ends with is not sent.
        case lastDelta
        /// The ledger forgets a discarded token.
        case ledger
        /// An accepted job is forgotten.
        case lostJob
        /// A submission that is sent again makes another job.
        case secondJob
        /// Nodes are not told that a sequence has ended.
        case forgottenRelease
        /// Nodes draw for every sequence from the same random stream.
        case reusedStream
        /// A draft is committed whatever the expert said of it.
        case unheardExpert
        /// A piece of the stream is said to stand one token earlier.
        case shiftedDelta
        /// Clients are told before it is on disk.
        case earlyAck
        /// The journal lacks a token.
        case lostToken
        /// The journal has another seed than the one in force.
        case wrongSeed
        /// Everybody is taken for an administrator.
        case openJobs
        /// Caches are taken to hold four times what they hold.
        case overfullCache
        /// All owners have the same weight.
        case noWeights
        /// What owners may take is forgotten when the list of keys is read.
        case forgottenLimits
        /// What an owner has had is forgotten as soon as it has no jobs.
        case forgottenDebts
        /// Deadlines are not kept.
        case endlessJob
        /// A deadline is forgotten over a restart.
        case lostDeadline
        /// The next coordinator does not know which jobs were in flight.
        case forgottenCrashes
        /// Log probabilities are taken from the row behind.
        case shiftedLogprobs
        /// The journal lacks log probabilities.
        case lostLogprobs
    }

    let bug: Bug
    /// The last Verify that each node was sent.
    private var outstanding: [PeerID: Verify] = [:]
    private var submissions = 0

    init(_ bug: Bug) {
        self.bug = bug
    }

    mutating func handle(
        _ event: CoordinatorStateMachine.Event,
        by machine: inout CoordinatorStateMachine,
        at now: Instant
    ) -> [CoordinatorStateMachine.Action] {
        if bug == .forgottenDebts { machine.jobs.forgetOwners(beyond: 0) }
        var actions = machine.handle(tamper(event), at: now)
        if bug == .doubleCommit, case .message(.verified(var verified), let peer, let principal) = event {
            note(actions)
            if let next = outstanding[peer], next.fence.sequence == verified.fence.sequence,
                next.fence.round == verified.fence.round + 1, next.draft.count == verified.evidence.count
            {
                verified.fence = next.fence
                actions += machine.handle(.message(.verified(verified), from: peer, by: principal), at: now)
            }
        }
        if bug == .earlyAck { actions += machine.handle(.journaled(upTo: .max), at: now) }
        note(actions)
        return actions.compactMap(tamper)
    }

    private mutating func note(_ actions: [CoordinatorStateMachine.Action]) {
        for case .send(.verify(let verify), let peer) in actions { outstanding[peer] = verify }
    }

    private mutating func tamper(_ event: CoordinatorStateMachine.Event) -> CoordinatorStateMachine.Event {
        switch (bug, event) {
        case (.staleRound, .message(.verified(var verified), let peer, let principal)):
            guard let current = outstanding[peer], current.fence.sequence == verified.fence.sequence,
                current.draft.count == verified.evidence.count
            else { return event }
            verified.fence = current.fence
            return .message(.verified(verified), from: peer, by: principal)
        case (.openJobs, .message(let message, let peer, var principal)):
            principal.isAdmin = true
            return .message(message, from: peer, by: principal)
        case (.overfullCache, .message(.hello(var hello), let peer, let principal)):
            hello.kvTokens *= 4
            return .message(.hello(hello), from: peer, by: principal)
        case (.noWeights, .message(let message, let peer, var principal)):
            principal.limits.weight = 1
            return .message(message, from: peer, by: principal)
        case (.noWeights, .keysKnown(var principals)):
            for index in principals.indices { principals[index].limits.weight = 1 }
            return .keysKnown(principals)
        case (.forgottenLimits, .message(let message, let peer, var principal)):
            principal.limits = OwnerLimits()
            return .message(message, from: peer, by: principal)
        case (.forgottenLimits, .keysKnown(var principals)):
            for index in principals.indices { principals[index].limits = OwnerLimits() }
            return .keysKnown(principals)
        case (.endlessJob, .message(.submit(var submit), let peer, let principal)):
            submit.deadlineMilliseconds = nil
            return .message(.submit(submit), from: peer, by: principal)
        case (.lostJob, .message(.submit(var submit), let peer, let principal)):
            submissions += 1
            guard submissions % 7 == 0 else { return event }
            submit.pool = "nowhere"
            return .message(.submit(submit), from: peer, by: principal)
        case (.secondJob, .message(.submit(var submit), let peer, let principal)):
            submissions += 1
            submit.submitKey.high = UInt64(submissions)
            return .message(.submit(submit), from: peer, by: principal)
        case (.unheardExpert, .message(.verified(var verified), let peer, let principal)):
            for index in verified.evidence.indices { verified.evidence[index].ratio = 1 }
            return .message(.verified(verified), from: peer, by: principal)
        case (.shiftedLogprobs, .message(.verified(var verified), let peer, let principal)):
            guard !verified.logprobs.isEmpty, verified.evidence.count > 1 else { return event }
            verified.logprobs.insert(verified.logprobs.remove(at: verified.evidence.count - 1), at: 0)
            return .message(.verified(verified), from: peer, by: principal)
        default: return event
        }
    }

    private func tamper(_ action: CoordinatorStateMachine.Action) -> CoordinatorStateMachine.Action? {
        switch (bug, action) {
        case (.lastDelta, .send(.delta(let delta), _)) where delta.state == .finished: nil
        case (.ledger, .send(.finished(var finished), let peer)) where finished.report.counts.discarded > 0:
            {
                finished.report.counts.discarded -= 1
                return .send(.finished(finished), to: peer)
            }()
        case (.forgottenRelease, .send(.release, _)): nil
        case (.reusedStream, .send(.draft(var draft), let peer)):
            {
                draft.spec?.seed = 42
                return .send(.draft(draft), to: peer)
            }()
        case (.reusedStream, .send(.verify(var verify), let peer)):
            {
                verify.spec?.seed = 42
                return .send(.verify(verify), to: peer)
            }()
        case (.shiftedDelta, .send(.delta(var delta), let peer)) where delta.tokenOffset > 0:
            {
                delta.tokenOffset -= 1
                return .send(.delta(delta), to: peer)
            }()
        case (.forgottenCrashes, .journal(var record)) where record.entry == .takenUp:
            {
                record.entry = .putDown
                return .journal(record)
            }()
        case (.lostToken, .journal(var record)):
            {
                guard case .committed(var committed) = record.entry, committed.offset % 5 == 4 else { return action }
                committed.tokens.removeLast()
                committed.origins.removeLast()
                record.entry = .committed(committed)
                return .journal(record)
            }()
        case (.lostLogprobs, .journal(var record)):
            {
                guard case .committed(var committed) = record.entry else { return action }
                for index in committed.explanations.indices { committed.explanations[index].logprobs = nil }
                record.entry = .committed(committed)
                return .journal(record)
            }()
        case (.lostDeadline, .journal(var record)):
            {
                guard case .accepted(var job) = record.entry else { return action }
                job.submit.deadlineMilliseconds = nil
                record.entry = .accepted(job)
                return .journal(record)
            }()
        case (.wrongSeed, .journal(var record)):
            {
                guard case .accepted(var job) = record.entry else { return action }
                job.seed ^= 1
                record.entry = .accepted(job)
                return .journal(record)
            }()
        default: action
        }
    }
}
