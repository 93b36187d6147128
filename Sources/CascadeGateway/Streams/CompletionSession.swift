internal import CascadeCore
import CascadeJSON
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import Synchronization

/// One call from its admission to the end of its answer.
final class CompletionSession: Sendable {
    private let call: CompletionCall
    private let format: AnswerFormat
    private let run: CompletionRun
    private let lease: OwnerMeter.Lease?
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let started = ContinuousClock.now
    private let release: Mutex<(@Sendable () -> Void)?>

    /// Starts the call's jobs.
    ///
    /// - Parameters:
    ///   - ends: the connection and the server; each stops the jobs.
    ///   - lease: what its owner is charged with, if there are owners.
    init(
        call: CompletionCall,
        format: AnswerFormat,
        backend: any CompletionBackend,
        pingInterval: Duration,
        ends: [(signal: EndSignal, reason: CompletionRun.StopReason)],
        lease: OwnerMeter.Lease?,
        metrics: GatewayMetrics,
        logger: Logger
    ) {
        (self.call, self.format, self.lease) = (call, format, lease)
        (self.metrics, self.logger) = (metrics, logger)
        let run = CompletionRun(backend: backend, requests: call.requests, pingInterval: pingInterval)
        self.run = run
        let numbers = ends.map { end in end.signal.whenEnded { [weak run] in run?.stop(end.reason) } }
        release = Mutex {
            for (end, number) in zip(ends, numbers) { end.signal.forget(number) }
        }
    }

    deinit { close(charging: []) }

    private func newChoices() -> [ChoiceState] {
        call.requests.indices.map { ChoiceState(index: $0, keepsTokens: format.keepsTokens) }
    }

    /// Ends everything, once.
    private func close(charging choices: [Progress]) {
        let release = self.release.withLock { release in
            defer { release = nil }
            return release
        }
        guard let release else { return }
        run.stop(.done)
        release()
        let prompts = choices.filter { $0.state.index % max(call.requests[0].samples, 1) == 0 }
        let tokens =
            choices.reduce(0) { $0 + $1.emitted } + prompts.reduce(0) { $0 + ($1.state.finished?.promptTokens ?? 0) }
        lease?.end(tokens: tokens)
    }

    /// A choice, and what is measured of it.
    private struct Progress {
        var state: ChoiceState
        var emitted = 0
        var lastToken: ContinuousClock.Instant?
    }

    private func newProgress() -> [Progress] { newChoices().map { Progress(state: $0) } }

    private func measure(_ count: Int, _ progress: inout Progress) {
        guard count > 0 else { return }
        let now = ContinuousClock.now
        if let last = progress.lastToken {
            metrics.observeTokens(count, seconds: (now - last).seconds)
        } else {
            metrics.observeFirstToken(seconds: (now - started).seconds)
        }
        progress.lastToken = now
        progress.emitted += count
    }

    /// Why the run ended although nobody finished it.
    private var unexpectedEnd: GatewayError {
        switch run.stopReason {
        case .shuttingDown: GatewayError(BackendError.shuttingDown)
        case .disconnected, .done: .clientClosed
        // The server's own task was ended, and the connection with it.
        case nil: Task.isCancelled ? .clientClosed : .internalError
        }
    }

    /// What a client is told of an error; those that it is not told of are logged.
    private func told(_ error: any Error) -> GatewayError {
        var told = GatewayError(error)
        if told == .internalError {
            logger.error("a request failed", metadata: ["cascade.error": "\(error)"])
        }
        if told.code == "context_length_exceeded", told.param == nil { told.param = call.kind.promptParameter }
        return told
    }

    // MARK: Whole answers

    /// Waits for the whole answer.
    func whole() async throws(GatewayError) -> JSONValue {
        var choices = newProgress()
        defer { close(charging: choices) }
        while choices.contains(where: { $0.state.finished == nil }) {
            switch await run.next() {
            case nil: throw unexpectedEnd
            case .failed(let error): throw told(error)
            case .ping: continue
            case .event(let index, let event):
                switch event {
                case .accepted(let accepted): choices[index].state.accepted = accepted
                case .waiting, .reading: continue
                case .tokens(let delta):
                    measure(delta.tokens.count, &choices[index])
                    let piece = choices[index].state.take(delta)
                    choices[index].state.keep(piece)
                case .finished(let finished): choices[index].state.finished = finished
                }
            }
        }
        return format.whole(choices.map(\.state))
    }

    // MARK: Streams

    /// Waits until all jobs are accepted, so that a refusal has its own status, and returns what came meanwhile.
    func begin() async throws(GatewayError) -> [CompletionRun.Notice] {
        var accepted: Set<Int> = []
        var notices: [CompletionRun.Notice] = []
        while accepted.count < call.requests.count {
            guard let notice = await run.next() else {
                close(charging: [])
                throw unexpectedEnd
            }
            switch notice {
            case .failed(let error):
                close(charging: [])
                throw told(error)
            case .ping: continue
            case .event(let index, _):
                accepted.insert(index)
                notices.append(notice)
            }
        }
        return notices
    }

    /// Writes the answer as events, behind what ``begin()`` returned. The writer is not ours to hand on, and writes
    /// concurrently.
    @concurrent
    func stream(after notices: [CompletionRun.Notice], to writer: inout any ResponseBodyWriter) async throws {
        var choices = newProgress()
        metrics.streamOpened()
        defer {
            metrics.streamClosed()
            close(charging: choices)
        }
        var waiting = notices[...]
        while choices.contains(where: { $0.state.finished == nil }) {
            let notice: CompletionRun.Notice?
            if let first = waiting.popFirst() { notice = first } else { notice = await run.next() }
            let text: [UInt8]
            switch notice {
            case nil:
                let error = unexpectedEnd
                // Nobody reads any more: the connection ends in mid-stream, as it has.
                if error == .clientClosed { throw error }
                try await writer.write(ByteBuffer(bytes: EventStream.event(error.body)))
                return try await writer.finish(nil)
            case .failed(let error):
                try await writer.write(ByteBuffer(bytes: EventStream.event(told(error).body)))
                return try await writer.finish(nil)
            case .ping: text = EventStream.ping
            case .event(let index, let event): text = chunks(event, index, &choices)
            }
            if !text.isEmpty { try await writer.write(ByteBuffer(bytes: text)) }
        }
        let usage = format.usage(choices.map(\.state)).map(EventStream.event) ?? []
        try await writer.write(ByteBuffer(bytes: usage + EventStream.done))
        try await writer.finish(nil)
    }

    private func chunks(_ event: CompletionEvent, _ index: Int, _ choices: inout [Progress]) -> [UInt8] {
        switch event {
        case .accepted(let accepted):
            choices[index].state.accepted = accepted
            return format.opening(choices[index].state).map(EventStream.event) ?? []
        case .waiting, .reading: return []
        case .tokens(let delta):
            measure(delta.tokens.count, &choices[index])
            let piece = choices[index].state.take(delta)
            guard format.isWorthTelling(piece) else { return [] }
            return EventStream.event(format.delta(piece, of: choices[index].state))
        case .finished(let finished):
            choices[index].state.finished = finished
            let isLast = choices.allSatisfy { $0.state.finished != nil }
            let all = isLast ? choices.map(\.state) : nil
            return EventStream.event(format.closing(choices[index].state, all: all))
        }
    }
}

extension Duration {
    /// The same in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
