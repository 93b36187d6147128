internal import CascadeCore
import CascadeJSON
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// Answers every request: who may ask, which route it is, and the shape of errors.
struct GatewayResponder: HTTPResponder {
    typealias Context = GatewayContext

    let backend: any CompletionBackend
    let configuration: GatewayConfiguration
    let policy: OriginPolicy
    let metrics: GatewayMetrics
    /// Files and batches; nil where there are none.
    let batches: BatchRoutes?
    /// Ends when the server shuts down.
    let shutdown: EndSignal
    /// `created` of the models: when the gateway started.
    let started: Int

    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let route = Route(path: request.uri.path)
        let requestID = "req-" + RandomName.make()
        var response: Response
        do {
            response = try await answer(request, route, context, requestID)
        } catch {
            let told = GatewayError(error)
            if told == .internalError, !(error is GatewayError) {
                context.logger.error("a request failed", metadata: ["cascade.error": "\(error)"])
            }
            response = Self.response(told)
            if route?.isAnthropic == true { response.body = Self.body(told.anthropicBody(requestID: requestID)) }
        }
        if let fields = try? policy.check(request.head) { response.headers.append(contentsOf: fields) }
        response.headers[Self.requestID] = requestID
        // By this name Anthropic's clients know it.
        if route?.isAnthropic == true { response.headers[Self.anthropicRequestID] = requestID }
        metrics.countRequest(route: route, code: response.status.code)
        if request.method == .head {
            let length = response.body.contentLength
            response.body = ResponseBody()
            response.headers[.contentLength] = length.map(String.init)
        }
        return response
    }

    private static let requestID = HTTPField.Name("x-request-id")!  // a constant that is a name

    private static let anthropicRequestID = HTTPField.Name("request-id")!  // a constant that is a name

    // MARK: Answers

    private static func response(_ error: GatewayError) -> Response {
        var response = json(error.body, status: .init(code: error.status))
        if let seconds = error.retryAfter { response.headers[.retryAfter] = "\(seconds)" }
        if let allow = error.allow { response.headers[.allow] = allow }
        if error.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    private static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: body(value)
        )
    }

    private static func body(_ value: JSONValue) -> ResponseBody {
        ResponseBody(byteBuffer: ByteBuffer(bytes: value.utf8))
    }

    private func answer(
        _ request: Request,
        _ route: Route?,
        _ context: GatewayContext,
        _ requestID: String
    ) async throws -> Response {
        _ = try policy.check(request.head)
        if let fields = OriginPolicy.preflight(request.head) { return Response(status: .noContent, headers: fields) }
        guard let route else { throw GatewayError.unknownRoute(String(request.uri.path.prefix(200))) }
        guard route.methods.contains(request.method.rawValue) else {
            throw GatewayError.wrongMethod(String(request.method.rawValue.prefix(20)), allow: route.methods)
        }
        let key = try route.needsKey ? key(of: request) : nil
        switch route {
        case .chatCompletions: return try await complete(.chat, request, key, context)
        case .completions: return try await complete(.text, request, key, context)
        case .messages: return try await messages(request, key, context, requestID)
        case .countTokens: return Self.json(try await CountTokens.count(try await body(request), backend, limits))
        case .responses: return try await respond(request, key, context)
        case .embeddings: throw GatewayError.noEmbeddings
        case .models: return Self.json(ModelBlocks.list(try await backend.models(), created: started))
        case .model(let name): return Self.json(try await model(name))
        case .tokenize: return Self.json(try await TokenRoutes.tokenize(try await body(request), backend, limits))
        case .detokenize: return Self.json(try await TokenRoutes.detokenize(try await body(request), backend))
        case .openAPI: return Self.json(PackageResources.openapi_json)
        case .health: return Self.json(["status": "ok"])
        case .ready: return await ready()
        case .page(let path): return Self.page(path)
        case .status: return Self.json(try await backend.report(.status, owner: key?.owner))
        case .nodes: return Self.json(try await backend.report(.nodes, owner: key?.owner))
        case .jobs:
            let limit = request.uri.queryParameters["limit"].flatMap { Int($0) } ?? 20
            let report = ClusterReport.jobs(limit: max(1, min(1_000, limit)))
            return Self.json(try await backend.report(report, owner: key?.owner))
        case .cancel(let job):
            _ = try await body(request)
            try await backend.cancel(job: job, owner: key?.owner)
            return Self.json(["job_id": .string(job), "cancelled": true])
        case .files, .file, .fileContent, .batches, .batch, .cancelBatch:
            return try await stored(request, route, key, context)
        case .metrics:
            let text = metrics.text(cluster: await backend.metrics(), batches: await batches?.counts())
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        }
    }

    /// Files and batches: each owner has its own.
    private func stored(
        _ request: Request,
        _ route: Route,
        _ key: APIKeyList.Entry?,
        _ context: GatewayContext
    ) async throws -> Response {
        guard let batches else { throw BatchRoutes.absent }
        let owner = key?.owner ?? ""
        switch route {
        case .files where request.method == .post:
            guard !shutdown.hasEnded else { throw BackendError.shuttingDown }
            return Self.json(try await batches.upload(request, owner: owner))
        case .files: return Self.json(try await batches.files(request, owner: owner))
        case .file(let id) where request.method == .delete:
            return Self.json(try await batches.deleteFile(id, owner: owner))
        case .file(let id): return Self.json(try await batches.file(id, owner: owner))
        case .fileContent(let id): return try await batches.content(id, owner: owner, context)
        case .batches where request.method == .post:
            let body = try await body(request)
            return Self.json(try await batches.create(body, owner: owner, keyDigest: key?.digest ?? []))
        case .batches: return Self.json(try await batches.batches(request, owner: owner))
        case .batch(let id): return Self.json(try await batches.batch(id, owner: owner))
        case .cancelBatch(let id): return Self.json(try await batches.cancel(id, owner: owner))
        default: throw GatewayError.unknownRoute(String(request.uri.path.prefix(200)))
        }
    }

    private static func json(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private static func page(_ path: String) -> Response {
        guard let file = PageFile.all[path] else { return response(.unknownRoute(path)) }
        return Response(
            status: .ok,
            headers: [
                .contentType: file.type, .contentSecurityPolicy: PageFile.securityPolicy, .cacheControl: "no-cache",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes))
        )
    }

    private var limits: RequestLimits { configuration.limits }

    private static let apiKey = HTTPField.Name("x-api-key")!  // a constant that is a name

    /// The key that a request came with; nil where the gateway has none.
    private func key(of request: Request) throws(GatewayError) -> APIKeyList.Entry? {
        guard let store = configuration.keys else { return nil }
        guard let header = request.headers[.authorization] else {
            // How Anthropic's clients send it.
            guard let key = request.headers[Self.apiKey] else { throw .noKey }
            guard let entry = store.entry(of: key) else { throw .wrongKey }
            return entry
        }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { throw .noKey }
        guard let entry = store.entry(of: String(words[1].drop { $0 == " " })) else { throw .wrongKey }
        return entry
    }

    private func body(_ request: Request) async throws -> JSONValue {
        let type = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
        // Pages may send other types anywhere without being asked first.
        guard type == "application/json" else { throw GatewayError.notJSONType }
        let most = configuration.mostBodyBytes
        if let length = request.headers[.contentLength].flatMap(Int.init), length > most {
            throw GatewayError.bodyTooLarge(most)
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: most)
        } catch is NIOTooManyBytesError {
            throw GatewayError.bodyTooLarge(most)
        }
        do throws(JSONParser.Problem) {
            return try JSONParser.parse(Array(buffer.readableBytesView))
        } catch {
            throw GatewayError.notJSON(error)
        }
    }

    private func model(_ name: String) async throws -> JSONValue {
        let models = try await backend.models()
        guard let model = models.first(where: { $0.id == name }) else {
            throw BackendError.unknownModel(String(name.prefix(200)), known: models.map(\.id))
        }
        return ModelBlocks.model(model, created: started)
    }

    private func ready() async -> Response {
        let readiness = await backend.readiness()
        let isReady = readiness.isReady && !shutdown.hasEnded
        let note = shutdown.hasEnded ? "shutting down" : readiness.note
        return Self.json(
            ["status": isReady ? "ready" : "not ready", "note": .string(note)],
            status: isReady ? .ok : .serviceUnavailable
        )
    }

    private func complete(
        _ kind: CompletionCall.Kind,
        _ request: Request,
        _ key: APIKeyList.Entry?,
        _ context: GatewayContext
    ) async throws -> Response {
        let body = try await body(request)
        let call = try CompletionCall(kind: kind, body: body, limits: limits, owner: key?.owner)
        let id = (kind == .chat ? "chatcmpl-" : "cmpl-") + RandomName.make()
        return try await run(call, AnswerFormat(call: call, id: id, created: CreatedTime.now), key, context)
    }

    private func messages(
        _ request: Request,
        _ key: APIKeyList.Entry?,
        _ context: GatewayContext,
        _ requestID: String
    ) async throws -> Response {
        let call = try CompletionCall(messages: try await body(request), limits: limits, owner: key?.owner)
        let id = "msg_" + RandomName.make()
        return try await run(call, MessagesFormat(call: call, id: id, requestID: requestID), key, context)
    }

    private func respond(
        _ request: Request,
        _ key: APIKeyList.Entry?,
        _ context: GatewayContext
    ) async throws -> Response {
        let body = try await body(request)
        let call = try CompletionCall(responses: body, limits: limits, owner: key?.owner)
        let echo = try ResponsesEcho(body)
        let blocks = ResponseBlocks(call: call, echo: echo, name: RandomName.make(), created: CreatedTime.now)
        return try await run(call, ResponsesFormat(blocks: blocks), key, context)
    }

    /// Admits a call and answers it.
    private func run(
        _ call: CompletionCall,
        _ format: any AnswerRenderer,
        _ key: APIKeyList.Entry?,
        _ context: GatewayContext
    ) async throws -> Response {
        guard !shutdown.hasEnded else { throw BackendError.shuttingDown }
        let lease = try key.flatMap { try configuration.keys?.meter.admit($0, jobs: call.requests.count) }
        let session = CompletionSession(
            call: call,
            format: format,
            backend: backend,
            pingInterval: configuration.pingInterval,
            ends: [(await context.connectionEnd(), .disconnected), (shutdown, .shuttingDown)],
            lease: lease,
            metrics: metrics,
            logger: context.logger
        )
        guard call.streams else { return Self.json(try await session.whole()) }
        let notices = try await session.begin()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
                Self.noBuffering: "no",
            ],
            body: ResponseBody { writer in try await session.stream(after: notices, to: &writer) }
        )
    }

    /// nginx would keep events until it has a page of them.
    private static let noBuffering = HTTPField.Name("X-Accel-Buffering")!  // a constant that is a name
}

/// Names for answers.
enum RandomName {
    /// 128 random bits in hexadecimal digits.
    static func make() -> String {
        Hash128(high: .random(in: 0...(.max)), low: .random(in: 0...(.max))).description
    }
}
