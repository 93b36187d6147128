import CascadeCore
import Synchronization

@testable import CascadeGateway

/// A cluster in memory: says what its script says, and remembers what it was asked.
final class FakeBackend: CompletionBackend {
    typealias Continuation = AsyncThrowingStream<CompletionEvent, any Error>.Continuation
    typealias Script = @Sendable (CompletionRequest, Continuation) async throws -> Void

    private struct State {
        var requests: [CompletionRequest] = []
        var cancelled = 0
        var running = 0
    }

    private let state = Mutex(State())
    private let script: Script
    let served: [ServedModel]
    let isReady: Bool
    let counted: ClusterMetrics?

    init(
        served: [ServedModel] = [ServedModel(id: "default", rule: "lossless", contextLength: 4_096)],
        isReady: Bool = true,
        counted: ClusterMetrics? = ClusterMetrics(),
        script: @escaping Script = { FakeBackend.say(["Hello", ",", " world"], $0, $1) }
    ) {
        (self.served, self.isReady, self.counted, self.script) = (served, isReady, counted, script)
    }

    var requests: [CompletionRequest] { state.withLock(\.requests) }
    var cancelled: Int { state.withLock(\.cancelled) }
    var running: Int { state.withLock(\.running) }

    func models() async throws -> [ServedModel] { served }

    func readiness() async -> Readiness {
        Readiness(isReady: isReady, note: isReady ? "" : "pool default has no expert")
    }

    func complete(_ request: CompletionRequest) -> AsyncThrowingStream<CompletionEvent, any Error> {
        AsyncThrowingStream { continuation in
            state.withLock {
                $0.requests.append(request)
                $0.running += 1
            }
            let task = Task { [served, script] in
                do {
                    if let name = request.model, !served.contains(where: { $0.id == name }) {
                        throw BackendError.unknownModel(name, known: served.map(\.id))
                    }
                    try await script(request, continuation)
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { [weak self] reason in
                task.cancel()
                self?.state.withLock {
                    $0.running -= 1
                    if case .cancelled = reason { $0.cancelled += 1 }
                }
            }
        }
    }

    func tokenize(_ request: TokenizeRequest) async throws -> [TokenPiece] {
        guard case .text(let bytes) = request.prompt else { throw BackendError.notSupported("chats are not tokenized") }
        return bytes.map { TokenPiece(id: UInt32($0), bytes: [$0]) }
    }

    func detokenize(_ tokens: [UInt32], model: String?) async throws -> [UInt8] {
        try tokens.map { token in
            guard let byte = UInt8(exactly: token) else {
                throw BackendError.badParameter("tokens", message: "there is no token \(token)")
            }
            return byte
        }
    }

    func metrics() async -> ClusterMetrics? { counted }

    func report(_ report: ClusterReport, owner: String?) async throws -> [UInt8] {
        Array("{\"report\": \"\(report)\", \"owner\": \"\(owner ?? "")\"}".utf8)
    }

    /// There is one job: of whoever asks without a key, or of `anna`.
    func cancel(job: String, owner: String?) async throws {
        guard job == "job-1", owner ?? "anna" == "anna" else { throw BackendError.unknownJob(job) }
    }
}

extension FakeBackend {
    /// A token whose number is the length of its text.
    static func token(_ bytes: [UInt8], logprobs: Int?) -> EmittedToken {
        let piece = TokenPiece(id: UInt32(bytes.count), bytes: bytes)
        guard let logprobs else { return EmittedToken(piece: piece, origin: .matched) }
        let others = [RankedToken(piece: piece, logprob: -0.25), .init(piece: .init(id: 99, bytes: [33]), logprob: -2)]
        return EmittedToken(piece: piece, origin: .matched, logprob: -0.25, top: Array(others.prefix(logprobs)))
    }

    static func accept(_ request: CompletionRequest, _ continuation: Continuation) {
        continuation.yield(.accepted(.init(job: "00000000000000a\(request.sample % 10)", model: "default")))
    }

    static func tokens(_ words: [String], _ request: CompletionRequest, _ continuation: Continuation) {
        for word in words {
            let bytes = Array(word.utf8)
            let token = Self.token(bytes, logprobs: request.logprobs)
            continuation.yield(.tokens(CompletionDelta(text: bytes, tokens: [token])))
        }
    }

    static func finish(_ count: Int, _ request: CompletionRequest, _ continuation: Continuation) {
        let counts = SpeculationCounts(
            rounds: 2,
            expertRounds: 2,
            draftedRounds: 2,
            drafted: 6,
            kept: 1,
            matched: 2,
            recovered: 1,
            bonus: 1,
            discarded: 2,
            relaxed: 1,
            unruledPositions: 1,
            acceptanceHistogram: [0, 1, 1]
        )
        continuation.yield(
            .finished(
                FinishedCompletion(
                    reason: .stop,
                    promptTokens: 7,
                    completionTokens: count,
                    seed: request.seed ?? 42,
                    rule: RuleSettings(rule: request.cascade.rule ?? .lossless, alpha: request.cascade.alpha),
                    draftLength: request.cascade.draftLength ?? .adaptive,
                    counts: counts
                )
            )
        )
    }

    /// A whole answer of these tokens.
    static func say(_ words: [String], _ request: CompletionRequest, _ continuation: Continuation) {
        accept(request, continuation)
        tokens(words, request, continuation)
        finish(words.count, request, continuation)
    }
}
