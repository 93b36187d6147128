internal import CascadeClient
internal import CascadeCore
internal import CascadeGateway
internal import CascadeHost
internal import CascadeNode

/// Answers the gateway's requests from a cluster, over one connection to its coordinator.
struct ClusterBackend: CompletionBackend {
    private let session: ClusterSession
    private let directory: PoolDirectory

    init(session: ClusterSession) {
        self.session = session
        directory = PoolDirectory(session: session)
    }

    func models() async throws -> [ServedModel] {
        do throws(NodeError) {
            return PoolDirectory.models(of: try await directory.pools()).map(\.served)
        } catch {
            throw BackendError(error)
        }
    }

    func readiness() async -> Readiness {
        guard let pools = try? await directory.pools() else {
            return Readiness(isReady: false, note: "the coordinator does not answer")
        }
        if let waiting = pools.first(where: { !$0.isReady }) {
            return Readiness(isReady: false, note: "pool \(waiting.name) has no expert that is ready")
        }
        return Readiness(isReady: !pools.isEmpty, note: pools.isEmpty ? "no node has joined the cluster" : "")
    }

    func complete(_ request: CompletionRequest) -> AsyncThrowingStream<CompletionEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream<CompletionEvent, any Error>.makeStream()
        let task = Task {
            do throws(BackendError) {
                try await answer(request) { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    func tokenize(_ request: TokenizeRequest) async throws -> [TokenPiece] {
        throw BackendError.notSupported("/tokenize")
    }

    func detokenize(_ tokens: [UInt32], model: String?) async throws -> [UInt8] {
        throw BackendError.notSupported("/detokenize")
    }

    func metrics() async -> ClusterMetrics? {
        guard let status = try? await session.status(), let nodes = try? await directory.nodes() else { return nil }
        return ClusterMetrics(status, nodes)
    }

    func report(_ report: ClusterReport, owner: String?) async throws -> [UInt8] {
        do throws(NodeError) {
            switch report {
            case .status: return try Self.json(ClusterView(try await session.status(for: owner)))
            case .nodes:
                var nodes = try await directory.nodes()
                // The list is the same for all who ask: whose sequences a node has is for those who are alone.
                if owner != nil { for index in nodes.indices { nodes[index].shares = [] } }
                return try Self.json(nodes.map(NodeView.init))
            case .jobs(let limit):
                return try Self.json(try await session.jobs(limit: limit, for: owner).map(JobView.init))
            }
        } catch {
            throw BackendError(error)
        }
    }

    private static func json(_ value: some Encodable) throws(NodeError) -> [UInt8] {
        do { return try Output.jsonBytes(value, isPretty: false) } catch { throw .failed("\(error)") }
    }

    func cancel(job: String, owner: String?) async throws {
        guard let id = JobID(job) else {
            throw BackendError.badParameter("job", message: "job ids have 16 hexadecimal digits")
        }
        let isKnown: Bool
        do throws(NodeError) {
            isKnown = try await session.cancel(id, for: owner)
        } catch {
            throw BackendError(error)
        }
        if !isKnown { throw BackendError.unknownJob(job) }
    }

    // MARK: One answer

    private func answer(
        _ request: CompletionRequest,
        _ yield: (CompletionEvent) -> Void
    ) async throws(BackendError) {
        let model = try await model(named: request.model)
        let submit = try Submit(request, model: model)
        for await action in session.follow(submit) {
            switch action {
            case .accepted(let accepted):
                yield(.accepted(AcceptedCompletion(job: accepted.job.description, model: model.id)))
            case .waiting(let note): yield(.waiting(note))
            case .reading(let pace): yield(.reading(done: Int(pace.prompt.tokensRead), total: Int(pace.prompt.tokens)))
            case .stream(let part): yield(.tokens(CompletionDelta(part)))
            case .unreachable: yield(.waiting("the coordinator does not answer; it is tried again"))
            case .end(.report(let report)): return yield(.finished(try FinishedCompletion(report, of: submit)))
            case .end(.refused(let refused)): throw BackendError(refused, of: submit)
            case .end(.unreachable): throw .unreachable
            case .end: throw .cancelled
            case .send, .reachable: break
            }
        }
        throw .unreachable
    }

    /// What a request's `model` stands for.
    private func model(named name: String?) async throws(BackendError) -> PoolModel {
        let found: (model: PoolModel?, pools: [ServedPool])
        do throws(NodeError) {
            found = (try await directory.model(named: name), try await directory.pools())
        } catch {
            throw BackendError(error)
        }
        if let model = found.model { return model }
        let known = PoolDirectory.models(of: found.pools).map(\.id)
        guard !known.isEmpty else { throw .notReady(message: "no node has joined the cluster") }
        guard let name else {
            throw .badParameter("model", message: "name one of the models: \(known.joined(separator: ", "))")
        }
        throw .unknownModel(name, known: known)
    }
}
