internal import AsyncAlgorithms
internal import Synchronization

/// The backend's work for one HTTP request: follows the stream of each choice and hands out what they say, one after
/// the other. Nothing is buffered: a choice goes on when its last event was taken, so a slow reader holds up its own
/// answer and no other.
final class CompletionRun: Sendable {
    /// What there is to be told.
    enum Notice: Sendable {
        /// A choice goes on.
        case event(choice: Int, CompletionEvent)
        /// A choice failed; the others are of no use any more.
        case failed(any Error)
        /// Nothing came for a while.
        case ping
    }

    /// Why it ended before its choices did.
    enum StopReason: Sendable {
        /// The client has gone.
        case disconnected
        /// The server is going.
        case shuttingDown
        /// The answer is complete, or nobody wants the rest.
        case done
    }

    private struct State {
        var reason: StopReason?
        var task: Task<Void, Never>?
    }

    private let channel = AsyncChannel<Notice>()
    private let state = Mutex(State())

    /// Asks for all choices.
    init(backend: any CompletionBackend, requests: [CompletionRequest], pingInterval: Duration) {
        // Not a child of the caller's task: an answer begins where the request is handled, which decides over the
        // status, and goes on where the body is written. Both ends are `stop`.
        let task = Task { [channel] in
            await Self.drive(backend: backend, requests: requests, pingInterval: pingInterval, channel: channel)
        }
        state.withLock { $0.task = task }
    }

    deinit { stop(.done) }

    /// Why it was stopped; nil while it was not.
    var stopReason: StopReason? { state.withLock(\.reason) }

    /// The next thing to be told; nil at the end.
    func next() async -> Notice? {
        var iterator = channel.makeAsyncIterator()
        return await iterator.next()
    }

    /// Ends it: at once for whoever waits for ``next()``, and the jobs behind it are cancelled. Only the first reason
    /// counts.
    func stop(_ reason: StopReason) {
        let task = state.withLock { state in
            state.reason = state.reason ?? reason
            return state.task
        }
        // In this order: what its cancellation makes of a choice is nobody's business.
        channel.finish()
        task?.cancel()
    }

    private static func drive(
        backend: any CompletionBackend,
        requests: [CompletionRequest],
        pingInterval: Duration,
        channel: AsyncChannel<Notice>
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while (try? await Task.sleep(for: pingInterval)) != nil { await channel.send(.ping) }
            }
            await withDiscardingTaskGroup { choices in
                for (index, request) in requests.enumerated() {
                    choices.addTask { await follow(backend.complete(request), choice: index, channel: channel) }
                }
            }
            group.cancelAll()
        }
        channel.finish()
    }

    private static func follow(
        _ events: AsyncThrowingStream<CompletionEvent, any Error>,
        choice: Int,
        channel: AsyncChannel<Notice>
    ) async {
        do {
            for try await event in events {
                await channel.send(.event(choice: choice, event))
                if case .finished = event { return }
            }
            throw BackendError.internal("the stream of events ended without an end")
        } catch {
            await channel.send(.failed(error))
        }
    }
}
