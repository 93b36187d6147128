internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeModel
internal import CascadeTemplate
internal import CascadeText
internal import CascadeTransport
package import Logging
internal import ServiceLifecycle

/// A drafter's or expert's process: one reactor thread that talks, one engine thread that computes.
package struct NodeService: Service {
    private let configuration: NodeConfiguration
    private let hello: Hello
    /// The model file, checked; nil where the node is synthetic.
    private let model: ServableModel?
    private let loadOptions: LoadOptions
    private let tokenizerBlock: [UInt8]
    private let logger: Logger

    /// Opens the model file, checks its header and hashes it; one that cannot serve is an error here, before anything
    /// starts.
    package init(configuration: NodeConfiguration, incarnation: UInt64, logger: Logger) throws(NodeError) {
        self.configuration = configuration
        self.logger = logger
        if let synthetic = configuration.synthetic {
            hello = try .synthetic(synthetic, configuration, incarnation: incarnation)
            model = nil
            loadOptions = LoadOptions()
            let isExpert = configuration.role == .expert
            tokenizerBlock = isExpert ? SyntheticTokenizer.block(acceptance: synthetic.acceptance) : []
            return
        }
        do {
            let servable = try ServableModel(path: configuration.modelPath)
            let (file, model, vocabulary) = (servable.file, servable.configuration, servable.tokenizer.vocabulary)
            self.model = servable
            if let problem = configuration.sled?.problem(modelLayers: model.layers) {
                throw NodeError.failed("\(configuration.modelPath): \(problem)")
            }
            let kvTokens = try configuration.cacheLimit.tokens(bytesPerToken: model.cacheBytesPerToken)
            let limit = min(configuration.contextLength ?? model.contextLength, kvTokens)
            guard limit <= model.contextLength else {
                throw NodeError.failed(
                    "--ctx-size \(limit) is too much: \(configuration.modelPath) has \(model.contextLength)"
                )
            }
            hello = Hello(
                identity: NodeIdentity(name: configuration.nodeName, incarnation: incarnation),
                role: configuration.role,
                pool: configuration.pool,
                software: configuration.software,
                modelName: Self.name(of: file),
                modelFingerprint: try file.fingerprint(),
                vocabularyHash: vocabulary.hash,
                vocabularyCount: UInt32(vocabulary.count),
                numericsID: Model.numericsID(sled: configuration.sled),
                contextLength: UInt32(limit),
                kvTokens: UInt32(kvTokens),
                pageTokens: UInt32(Engine.pageTokens),
                host: HostCores.name(),
                samplingVersion: SamplingSettings.knownVersion
            )
            loadOptions = try configuration.draftModel.loadOptions(servable.definition, vocabulary)
            tokenizerBlock = configuration.role == .expert ? file.tokenizerBlock() : []
            if configuration.role == .expert { Self.checkTemplate(servable.tokenizer, logger) }
        } catch let error as NodeError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Says at once what clients would find out with their first chat.
    private static func checkTemplate(_ tokenizer: Tokenizer, _ logger: Logger) {
        guard let source = tokenizer.chatTemplate else { return }
        do throws(TemplateError) {
            _ = try ChatTemplate(source: source)
        } catch {
            logger.warning(
                """
                the model's chat template cannot be used: chats are refused unless the coordinator has --chat-template
                """,
                metadata: ["problem": "\(error)"]
            )
        }
    }

    /// Serves until the process is asked to stop, the coordinator refuses it or the engine fails.
    package func run() async throws {
        let mailbox = Mailbox()
        let outcome = NodeOutcome()
        let reactor = try Reactor.start(
            role: .dealer(connect: configuration.endpoint),
            options: TransportOptions(),
            security: configuration.key?.security ?? .none,
            name: configuration.role.rawValue
        ) { [hello, configuration, tokenizerBlock, logger] _ in
            NodeAgent(
                hello: hello,
                configuration: configuration,
                tokenizerBlock: tokenizerBlock,
                mailbox: mailbox,
                outcome: outcome,
                logger: logger
            )
        }
        mailbox.setWake { reactor.wake() }
        startEngine(mailbox)
        let cause = await withGracefulShutdownHandler {
            await reactor.waitUntilStopped()
        } onGracefulShutdown: {
            reactor.stop("asked to")
        }
        mailbox.stop()
        ProcessHealth(role: configuration.role.rawValue, state: "stopped", note: "").remove()
        MemoryPromise.remove()
        try outcome.check()
        switch cause {
        case .requested(NodeOutcome.drained): configuration.drained?()
        case .requested: break
        case .failed(let error): throw NodeError.failed("\(error)")
        }
    }

    private func startEngine(_ mailbox: Mailbox) {
        if let synthetic = configuration.synthetic {
            SyntheticThread(configuration, synthetic, mailbox: mailbox).start()
            return
        }
        guard let model else { return }
        EngineThread(
            configuration: configuration,
            servable: model,
            loadOptions: loadOptions,
            kvTokens: Int(hello.kvTokens),
            mailbox: mailbox,
            logger: logger
        ).start()
    }

    /// What people call the model: its own name for itself, else the file's.
    private static func name(of file: GGUFFile) -> String {
        (try? file.optionalString("general.name")) ?? file.path.split(separator: "/").last.map(String.init) ?? file.path
    }
}
