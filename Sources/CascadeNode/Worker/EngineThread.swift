internal import CCascadeHost
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeText
internal import CascadeWorker
internal import Foundation
internal import Logging

/// The thread that owns a node's engine: loads the model, warms up and measures, then runs passes over whatever waits.
///
/// It shares nothing with the reactor thread but the mailbox, so heartbeats are answered while a pass runs.
final class EngineThread: Sendable {
    private let configuration: NodeConfiguration
    /// The model to load; its file is closed once that is done.
    private let servable: ServableModel
    private let loadOptions: LoadOptions
    /// Tokens that the cache holds.
    private let kvTokens: Int
    private let mailbox: Mailbox
    private let logger: Logger
    private let finished = DispatchSemaphore(value: 0)

    init(
        configuration: NodeConfiguration,
        servable: ServableModel,
        loadOptions: LoadOptions,
        kvTokens: Int,
        mailbox: Mailbox,
        logger: Logger
    ) {
        self.configuration = configuration
        self.servable = servable
        self.loadOptions = loadOptions
        self.kvTokens = kvTokens
        self.mailbox = mailbox
        self.logger = logger
    }

    /// Starts the thread.
    func start() {
        let thread = Thread { [self] in
            defer { finished.signal() }
            // Foundation's name for a thread is not the system's, which top and debuggers show.
            csh_name_thread("engine")
            do {
                try run()
            } catch {
                mailbox.setEngineState(.failed((error as? NodeError) ?? .failed("\(error)")))
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Waits until the thread has ended; blocks, so never call it from a task.
    func join() {
        finished.wait()
    }

    private func run() throws {
        logger.info("loading", metadata: ["model": "\(configuration.modelPath)"])
        if let sled = configuration.sled { logger.info("SLED is on", metadata: ["settings": "\(sled)"]) }
        let (engine, costs) = try LoadTurn.take(waitingAtMost: 10) { try load() }
        mailbox.setEngineState(.ready(costs))
        let runner = PassRunner(
            mailbox: mailbox,
            turn: turnLock(),
            passMilliseconds: costs.first?.milliseconds ?? 0
        )
        var worker = Worker(
            model: EngineModel(engine, vocabulary: servable.tokenizer.vocabulary),
            maxBatchedTokens: configuration.maxBatchedTokens,
            pace: PromptPace(costs: costs, maxInterTokenMilliseconds: configuration.maxInterTokenMilliseconds)
        )
        runner.serve(&worker)
    }

    private func load() throws -> (Engine, [CostPoint]) {
        let started = MonotonicClock.now()
        // What is served does not depend on the file any more.
        defer { servable.file.close() }
        let options = EngineOptions(
            threads: configuration.threads,
            contextTokens: kvTokens,
            maximumRows: configuration.maxBatchedTokens,
            sled: configuration.sled
        )
        try MemoryDemand.claim(servable.file, load: loadOptions, engine: options, configuration: configuration)
        let model = try Model.load(servable, options: loadOptions)
        let loadSeconds = MonotonicClock.seconds(since: started)
        let engine = try Engine(model: model, options: options)
        let costs = try engine.measureCosts(
            rows: EngineModel.measuredRows.filter { $0 <= configuration.maxBatchedTokens }
        )
        .map { CostPoint(rows: UInt32($0.rows), milliseconds: $0.milliseconds) }
        logger.info(
            "loaded and measured",
            metadata: [
                "kernels": "\(engine.kernelName)", "head": "\(model.headCount) tokens",
                "weights": "\(model.bytesPerPass >> 20) MB", "load": "\(loadSeconds) s",
                "seconds": "\(MonotonicClock.seconds(since: started))",
                "costs": "\(costs.map { "\($0.rows) rows \($0.milliseconds) ms" }.joined(separator: ", "))",
            ]
        )
        return (engine, costs)
    }

    /// Where no turns can be had, the node computes without.
    private func turnLock() -> TurnLock? {
        guard let path = configuration.turnLock.path(threads: configuration.threads) else { return nil }
        do throws(HostError) {
            let lock = try TurnLock(path: path)
            logger.debug("takes turns", metadata: ["file": "\(path)"])
            return lock
        } catch {
            logger.warning("no turns with other processes of this host", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
