package import CascadeClient
package import CascadeCore
internal import CascadeHost
internal import Synchronization

/// One connection to the coordinator that many callers share, for a process that serves others: each follows its own
/// jobs and asks its own questions.
///
/// ``run()`` moves everything; without it nothing happens.
package final class ClusterSession: Sendable {
    /// What is known of a job, in order; ends behind ``JobFollower/Action/end(_:)``. Whoever stops reading it cancels
    /// the job.
    package typealias Answer = AsyncStream<JobFollower.Action>

    /// A question that waits for its answer.
    private struct Question {
        let message: Message
        let asked: Instant
        var sent: Instant
        /// Takes a message; true where that was its answer.
        let take: @Sendable (Result<Message, NodeError>) -> Bool
    }

    private struct State {
        var followers = JobFollowers()
        var answers: [UInt64: Answer.Continuation] = [:]
        var questions: [UInt64: Question] = [:]
        var isConnected = false
        var isClosed = false
    }

    /// Milliseconds behind which a question is sent again.
    private static let repeatMilliseconds = 1_000.0

    private let client: ClusterClient
    private let patience: Double
    private let state = Mutex(State())

    /// Uses a connection that nobody else reads.
    ///
    /// - Parameter patience: seconds without any word after which the coordinator counts as unreachable.
    package init(client: ClusterClient, patience: Double) {
        (self.client, self.patience) = (client, patience)
    }

    /// Whether the connection to the coordinator stands.
    package var isConnected: Bool { state.withLock { $0.isConnected } }

    /// Moves jobs and questions until the connection is closed; then all of them end.
    package func run() async {
        for await event in client.events { take(event, at: MonotonicClock.now()) }
        let (answers, questions) = state.withLock { state in
            state.isClosed = true
            defer { (state.answers, state.questions) = ([:], [:]) }
            return (Array(state.answers.values), Array(state.questions.values))
        }
        for answer in answers { answer.finish() }
        for question in questions { _ = question.take(.failure(.failed("the connection was closed"))) }
    }

    /// Closes the connection; jobs that run go on.
    package func close() async { await client.close() }

    // MARK: Jobs

    /// Submits a job and follows it. `submit.requestID` must be random.
    package func follow(_ submit: Submit) -> Answer {
        let (answer, continuation) = Answer.makeStream()
        continuation.onTermination = { [weak self] reason in
            if case .cancelled = reason { self?.cancel(submit.requestID) }
        }
        let isClosed = state.withLock { state in
            guard !state.isClosed else { return true }
            state.answers[submit.requestID] = continuation
            perform(state.followers.submit(submit, patience: patience, at: MonotonicClock.now()), &state)
            return false
        }
        if isClosed { continuation.finish() }
        return answer
    }

    /// Nobody reads the answer any more: the job ends, whatever it has come to.
    private func cancel(_ id: UInt64) {
        state.withLock { state in
            state.answers[id] = nil
            perform(state.followers.cancel(id, at: MonotonicClock.now()), &state)
        }
    }

    private func perform(_ steps: [JobFollowers.Step], _ state: inout State) {
        for step in steps {
            if case .send(let message) = step.action {
                client.send(message)
                continue
            }
            state.answers[step.id]?.yield(step.action)
            if case .end = step.action { state.answers.removeValue(forKey: step.id)?.finish() }
        }
    }

    private func take(_ event: ClientEvent, at now: Instant) {
        state.withLock { state in
            switch event {
            case .connected:
                state.isConnected = true
                perform(state.followers.handle(.connected, at: now), &state)
                for (id, question) in state.questions {
                    client.send(question.message)
                    state.questions[id]?.sent = now
                }
            case .disconnected:
                state.isConnected = false
                perform(state.followers.handle(.disconnected, at: now), &state)
            case .tick:
                perform(state.followers.handle(.tick, at: now), &state)
                passTime(&state, at: now)
            case .message(let message):
                perform(state.followers.handle(.message(message), at: now), &state)
                for (id, question) in state.questions where question.take(.success(message)) {
                    state.questions[id] = nil
                }
            case .locked(let problem):
                lockOut(problem, &state)
            case .interrupted, .unreadable: break
            }
        }
    }

    // MARK: Questions

    /// Sends a request, again each second, until `match` finds its answer.
    ///
    /// - Parameters:
    ///   - id: the request's number, by which a refusal is known.
    ///   - seconds: how long it is waited for.
    package func request<Value: Sendable>(
        _ message: Message,
        id: UInt64,
        match: @escaping @Sendable (Message) -> Value?
    ) async throws(NodeError) -> Value {
        let result: Result<Value, NodeError> = await withCheckedContinuation { continuation in
            let now = MonotonicClock.now()
            let question = Question(message: message, asked: now, sent: now) { result in
                switch result {
                case .failure(let error): continuation.resume(returning: .failure(error))
                case .success(.refused(let refused)) where refused.requestID == id:
                    continuation.resume(returning: .failure(.refused(refused.message)))
                case .success(let message):
                    guard let value = match(message) else { return false }
                    continuation.resume(returning: .success(value))
                }
                return true
            }
            let isClosed = state.withLock { state in
                if !state.isClosed { state.questions[id] = question }
                return state.isClosed
            }
            if isClosed {
                _ = question.take(.failure(.failed("the connection was closed")))
            } else {
                client.send(message)
            }
        }
        return try result.get()
    }

    private func passTime(_ state: inout State, at now: Instant) {
        for (id, question) in state.questions {
            if now.milliseconds(since: question.asked) > patience * 1_000 {
                state.questions[id] = nil
                let waited = "(waited \(secondsText(patience)) s)"
                _ = question.take(.failure(.unreachable("no coordinator answers at \(client.endpoint) \(waited)")))
            } else if now.milliseconds(since: question.sent) > Self.repeatMilliseconds {
                state.questions[id]?.sent = now
                client.send(question.message)
            }
        }
    }

    /// The coordinator lets nobody in: there is no answer to anything.
    private func lockOut(_ problem: String, _ state: inout State) {
        let (answers, questions) = (state.answers.values, state.questions.values)
        (state.followers, state.answers, state.questions) = (JobFollowers(), [:], [:])
        for answer in answers {
            answer.yield(.end(.refused(Refused(code: .forbidden, message: problem))))
            answer.finish()
        }
        for question in questions { _ = question.take(.failure(.refused(problem))) }
    }
}
