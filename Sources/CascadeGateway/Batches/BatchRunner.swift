internal import CascadeHost
internal import Foundation
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Moves batches on from state to state, several at a time, until its task is cancelled. What it does is written down
/// step by step, so that another process goes on where this one ended.
final class BatchRunner: Sendable {
    let storage: GatewayStorage
    private let call: LineCall
    private let limits: BatchLimits
    private let mostLineBytes: Int
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let (news, newsContinuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let active = Mutex<Set<String>>([])
    private let cancelledIDs = Mutex<Set<String>>([])

    init(
        storage: GatewayStorage,
        backend: any CompletionBackend,
        configuration: GatewayConfiguration,
        metrics: GatewayMetrics,
        logger: Logger
    ) {
        (self.storage, self.metrics, self.logger) = (storage, metrics, logger)
        limits = configuration.batches
        // What stands around a body in its line.
        mostLineBytes = configuration.mostBodyBytes + 4_096
        call = LineCall(
            backend: backend,
            configuration: configuration,
            metrics: metrics,
            slots: LineSlots(configuration.batches.linesAtOnce),
            logger: logger
        )
    }

    /// There is a new batch.
    func added() { newsContinuation.yield() }

    /// A batch was cancelled.
    func cancelled(_ id: String) { cancelledIDs.withLock { _ = $0.insert(id) } }

    /// Works until the task is cancelled.
    func run() async {
        newsContinuation.yield()
        await withDiscardingTaskGroup { group in
            for await _ in news {
                let batches: [Batch]
                do {
                    batches = try await storage.openBatches()
                } catch {
                    if Task.isCancelled { return }
                    logger.error("batches cannot be read", metadata: ["cascade.error": "\(error)"])
                    try? await Task.sleep(for: limits.retrySecond * 5)
                    newsContinuation.yield()
                    continue
                }
                for batch in batches where active.withLock({ $0.insert(batch.id).inserted }) {
                    group.addTask { await self.finish(batch) }
                }
            }
            group.cancelAll()
        }
        active.withLock { $0 = [] }
    }

    /// Moves a batch on until it has ended. What fails, such as a disk that is full, is tried again.
    private func finish(_ batch: Batch) async {
        var batch = batch
        while !batch.status.isEnd, !Task.isCancelled {
            do {
                batch = try await step(batch)
            } catch {
                if Task.isCancelled { break }
                logger.error(
                    "a batch waits",
                    metadata: ["cascade.batch": "\(batch.id)", "cascade.error": "\(error)"]
                )
                try? await Task.sleep(for: limits.retrySecond * 5)
                batch = (try? await storage.batch(batch.id, owner: batch.owner)) ?? batch
            }
        }
        active.withLock { _ = $0.remove(batch.id) }
        cancelledIDs.withLock { _ = $0.remove(batch.id) }
    }

    /// One state's work; returns the batch in its next state.
    private func step(_ batch: Batch) async throws -> Batch {
        switch batch.status {
        case .validating:
            let (event, lines) = try await validate(batch)
            return try await storage.apply(event, to: batch.id, at: limits.now(), lines: lines).batch
        case .inProgress:
            // What cannot be read does not keep a batch beyond its time.
            if !isOver(batch) { try await answer(batch) }
            try Task.checkCancellation()
            return try await storage.apply(.stop, to: batch.id, at: limits.now()).batch
        case .finalizing, .cancelling:
            return try await BatchFiler(storage: storage, limits: limits).file(batch)
        case .failed, .completed, .expired, .cancelled: return batch
        }
    }

    /// Reads the whole file before anything of it runs.
    private func validate(_ batch: Batch) async throws -> (event: Batch.Event, lines: [LinePlace]) {
        let (path, mostLines, mostBytes) = (storage.path(of: batch.inputFile), limits.mostLines, mostLineBytes)
        let endpoint = batch.endpoint
        return try await NIOThreadPool.singleton.runIfActive {
            var check = BatchFileCheck(endpoint: endpoint, mostLines: mostLines)
            let reader = try LineReader(path: path, mostBytes: mostBytes)
            while !check.isOver, let line = try reader.next() {
                if let bytes = line.bytes {
                    check.take(bytes, number: line.number, offset: line.offset)
                } else {
                    check.refuseLong(number: line.number, most: mostBytes)
                }
            }
            return (check.event, check.places)
        }
    }

    /// Asks all lines that have no result, until each has one, or the batch was cancelled or has expired.
    private func answer(_ batch: Batch) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                while !self.isOver(batch) { try await Task.sleep(for: self.limits.tick) }
                return true
            }
            group.addTask {
                try await self.answerLines(batch)
                return true
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func isOver(_ batch: Batch) -> Bool {
        limits.now() >= batch.expiresAt || cancelledIDs.withLock { $0.contains(batch.id) }
    }

    private func answerLines(_ batch: Batch) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var (last, running) = (0, 0)
            while true {
                let lines = try await storage.openLines(of: batch.id, after: last, limit: 256)
                guard !lines.isEmpty else { break }
                for line in lines {
                    if running >= max(limits.linesAtOnce, 1) {
                        try await group.next()
                        running -= 1
                    }
                    group.addTask { try await self.answer(line, of: batch) }
                    running += 1
                }
                last = lines.last?.number ?? last
            }
            try await group.waitForAll()
        }
    }

    private func answer(_ line: LinePlace, of batch: Batch) async throws {
        let path = storage.path(of: batch.inputFile)
        let result = try await call.result(line, of: batch) {
            try await NIOThreadPool.singleton.runIfActive {
                try LineReader.read(path, offset: line.offset, count: line.count)
            }
        }
        guard let result else { throw CancellationError() }
        if try await storage.record(result, of: batch.id) { metrics.countBatchLine(isError: result.isError) }
    }
}
