internal import CascadeCore
internal import CascadeJSON
internal import Logging

/// Asks for the answer of a batch's line as the route of its `url` would, until there is one or nobody wants it.
struct LineCall: Sendable {
    let backend: any CompletionBackend
    let configuration: GatewayConfiguration
    let metrics: GatewayMetrics
    let slots: LineSlots
    let logger: Logger

    private var limits: BatchLimits { configuration.batches }
    /// Seconds between attempts, at most.
    private static let longestWait = 60

    /// Bytes of a result, at most: they are held in memory, and stored as one value.
    static let mostResultBytes = 32 << 20

    /// What came of a line, whose bytes `read` gives; nil where the task was cancelled before. While a line waits,
    /// nothing of it is held.
    func result(
        _ line: LinePlace,
        of batch: Batch,
        read: @Sendable () async throws -> [UInt8]
    ) async throws -> LineResult? {
        var wait = 1
        while !Task.isCancelled {
            do {
                let answer = try await attempt(line, batch, read)
                let result = Self.result(line, status: 200, body: answer, isError: false)
                if result.bytes?.count ?? 0 <= Self.mostResultBytes { return result }
                let error = GatewayError.parameter("n", "the answer has more than 32 MiB: ask for less in one line")
                return Self.result(line, status: error.status, body: error.body, isError: true)
            } catch let error as GatewayError {
                // Cancelled, or the process ends: the line is asked again if its batch goes on.
                if Task.isCancelled || error.status == 499 { return nil }
                guard Self.mayPass(error) else {
                    return Self.result(line, status: error.status, body: error.body, isError: true)
                }
                let seconds = min(max(error.retryAfter ?? 1, wait), Self.longestWait)
                try? await Task.sleep(for: limits.retrySecond * seconds)
                wait = min(wait * 2, Self.longestWait)
            }
        }
        return nil
    }

    /// Limits, full queues and a cluster that is away delay a line; everything else is its answer.
    private static func mayPass(_ error: GatewayError) -> Bool { error.status == 429 || error.status == 503 }

    private func call(_ bytes: [UInt8], _ number: Int, _ batch: Batch) throws(GatewayError) -> CompletionCall {
        let line: BatchLine
        do throws(BatchProblem) {
            line = try BatchLine(bytes, number: number, endpoint: batch.endpoint)
        } catch {
            throw GatewayError(status: 400, code: error.code, param: error.param, message: error.message)
        }
        var call = try CompletionCall(
            kind: batch.endpoint.kind,
            body: line.body,
            limits: configuration.limits,
            owner: batch.owner.isEmpty ? nil : batch.owner
        )
        guard !call.streams else { throw .unsupported("stream", "lines of a batch have whole answers, no streams") }
        // Whoever waits for an answer comes first, unless the line says otherwise.
        for index in call.requests.indices {
            call.requests[index].cascade.priority = call.requests[index].cascade.priority ?? .low
        }
        return call
    }

    private func attempt(
        _ line: LinePlace,
        _ batch: Batch,
        _ read: @Sendable () async throws -> [UInt8]
    ) async throws -> JSONValue {
        guard await slots.take() else { throw GatewayError.clientClosed }
        defer { slots.give() }
        let call = try call(await read(), line.number, batch)
        let lease = try lease(call, batch)
        let name = (call.kind == .chat ? "chatcmpl-" : "cmpl-") + RandomName.make()
        let session = CompletionSession(
            call: call,
            format: AnswerFormat(call: call, id: name, created: CreatedTime.now),
            backend: backend,
            pingInterval: configuration.pingInterval,
            ends: [],
            lease: lease,
            metrics: metrics,
            logger: logger
        )
        return try await session.whole()
    }

    private func lease(_ call: CompletionCall, _ batch: Batch) throws(GatewayError) -> OwnerMeter.Lease? {
        guard let store = configuration.keys, !batch.owner.isEmpty else { return nil }
        guard let entry = store.entry(digest: batch.keyDigest, owner: batch.owner) else {
            // The file of keys may have lost it by mistake, and has it again later.
            throw .limit("The batch's owner has no key any more.", retryAfter: Self.longestWait)
        }
        return try store.meter.admit(entry, jobs: call.requests.count)
    }

    private static func result(_ line: LinePlace, status: Int, body: JSONValue, isError: Bool) -> LineResult {
        let response: JSONValue = [
            "status_code": .integer(status), "request_id": .string("req-" + RandomName.make()), "body": body,
        ]
        return made(line.number, line.customID, response: response, error: .null, isError: isError)
    }

    /// What stands for a line that nobody answered before its batch ended.
    static func missing(_ line: LineResult, _ ending: Batch.Status) -> LineResult {
        let error: JSONValue =
            ending == .cancelling
            ? ["code": "batch_cancelled", "message": "The batch was cancelled before this line was answered."]
            : ["code": "batch_expired", "message": "This line was not answered within the completion window."]
        return made(line.number, line.customID, response: .null, error: error, isError: true)
    }

    private static func made(
        _ number: Int,
        _ customID: String,
        response: JSONValue,
        error: JSONValue,
        isError: Bool
    ) -> LineResult {
        let value: JSONValue = [
            "id": .string("batch_req_" + RandomName.make()), "custom_id": .string(customID), "response": response,
            "error": error,
        ]
        return LineResult(number: number, customID: customID, bytes: value.utf8, isError: isError)
    }
}
