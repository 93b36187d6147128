internal import CascadeJSON

/// A batch as a client sees it, and what may become of it. Pure: who keeps it is ``GatewayStorage``, who moves it on
/// ``BatchRunner``.
struct Batch: Equatable, Sendable {
    /// OpenAI's states.
    enum Status: String, CaseIterable, Sendable {
        case validating
        case failed
        case inProgress = "in_progress"
        case finalizing
        case completed
        case expired
        case cancelling
        case cancelled

        /// Whether nothing happens any more.
        var isEnd: Bool {
            switch self {
            case .failed, .completed, .expired, .cancelled: true
            case .validating, .inProgress, .finalizing, .cancelling: false
            }
        }
    }

    /// What happens to a batch.
    enum Event: Equatable, Sendable {
        /// All lines make sense.
        case validated(total: Int)
        /// Some do not, or there are none.
        case invalid([BatchProblem])
        /// Its owner wants no more of it.
        case cancel
        /// Every line has its result, or the time is over.
        case stop
        /// What there is stands in files. `missing` lines had no result of their own.
        case filed(output: String?, errors: String?, missing: Int)
    }

    /// Its name.
    var id: String
    /// Whose it is; empty where the gateway has no keys.
    var owner: String
    /// SHA-256 of the key that asked for it: whose limits it is charged to; empty where the gateway has no keys.
    var keyDigest: [UInt8] = []
    /// The route that its lines are for.
    var endpoint: BatchEndpoint
    /// The file of its lines.
    var inputFile: String
    /// What its owner noted, in the order of the request.
    var metadata: [(key: String, value: String)] = []
    /// Where it stands.
    var status = Status.validating
    /// When each state began, in seconds since the beginning of 1970; the creation is that of `validating`.
    var times: [Status: Int] = [:]
    /// When it expires.
    var expiresAt: Int
    /// Why it failed.
    var problems: [BatchProblem] = []
    /// The file of answers; nil before the end, and where there are none.
    var outputFile: String?
    /// The file of errors; nil before the end, and where there are none.
    var errorFile: String?
    /// Its lines, those that were answered, and those that were not.
    var (total, completed, failed) = (0, 0, 0)

    /// A new batch.
    init(id: String, owner: String, endpoint: BatchEndpoint, inputFile: String, createdAt: Int, window: Int) {
        (self.id, self.owner, self.endpoint, self.inputFile) = (id, owner, endpoint, inputFile)
        times[.validating] = createdAt
        expiresAt = createdAt + window
    }

    /// Lets something happen at a time. Returns false, and changes nothing, where it cannot happen in this state.
    mutating func take(_ event: Event, at now: Int) -> Bool {
        switch (event, status) {
        case (.validated(let total), .validating):
            self.total = total
            status = .inProgress
        case (.invalid(let problems), .validating):
            self.problems = problems
            status = .failed
        case (.cancel, .validating), (.cancel, .inProgress): status = .cancelling
        case (.stop, .inProgress): status = .finalizing
        case (.filed(let output, let errors, let missing), .finalizing):
            (outputFile, errorFile) = (output, errors)
            failed += missing
            status = missing > 0 ? .expired : .completed
        case (.filed(let output, let errors, _), .cancelling):
            (outputFile, errorFile) = (output, errors)
            status = .cancelled
        default: return false
        }
        times[status] = now
        return true
    }

    static func == (left: Batch, right: Batch) -> Bool {
        left.json == right.json && left.owner == right.owner && left.keyDigest == right.keyDigest
    }
}

/// Where a batch's lines could have been sent one by one.
enum BatchEndpoint: String, CaseIterable, Sendable {
    case chat = "/v1/chat/completions"
    case text = "/v1/completions"

    /// The same as a call's.
    var kind: CompletionCall.Kind { self == .chat ? .chat : .text }
}

/// One thing that is wrong with a batch's file.
struct BatchProblem: Equatable, Sendable {
    /// For programs.
    var code: String
    /// For people.
    var message: String
    /// The member of the line that is meant.
    var param: String?
    /// The line, from 1; nil where the file as a whole is meant.
    var line: Int?
}

extension Batch {
    /// OpenAI's object.
    var json: JSONValue {
        let errors: JSONValue =
            problems.isEmpty ? .null : ["object": "list", "data": .array(problems.map(\.json))]
        let notes = metadata.map { JSONValue.Member(key: $0.key, value: .string($0.value)) }
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) { members.append(.init(key: name, value: value)) }
        add("id", .string(id))
        add("object", "batch")
        add("endpoint", .string(endpoint.rawValue))
        add("errors", errors)
        add("input_file_id", .string(inputFile))
        add("completion_window", "24h")
        add("status", .string(status.rawValue))
        add("output_file_id", .optional(outputFile))
        add("error_file_id", .optional(errorFile))
        add("created_at", .optional(times[.validating]))
        add("expires_at", .integer(expiresAt))
        for status in Status.allCases where status != .validating {
            add("\(status.rawValue)_at", .optional(times[status]))
        }
        let counts: JSONValue = [
            "total": .integer(total), "completed": .integer(completed), "failed": .integer(failed),
        ]
        add("request_counts", counts)
        add("metadata", notes.isEmpty ? .null : .object(notes))
        return .object(members)
    }
}

extension BatchProblem {
    var json: JSONValue {
        [
            "code": .string(code), "message": .string(message), "param": .optional(param), "line": .optional(line),
        ]
    }
}
