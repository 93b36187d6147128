internal import CascadeJSON

/// One request of a batch's file: `{"custom_id", "method", "url", "body"}`.
struct BatchLine: Equatable, Sendable {
    /// What the client calls it.
    var customID: String
    /// What would be the body of the HTTP request.
    var body: JSONValue

    /// Bytes of a name, at most.
    static let mostIDBytes = 512

    /// Reads a line; `number` counts from 1.
    init(_ bytes: [UInt8], number: Int, endpoint: BatchEndpoint) throws(BatchProblem) {
        func problem(_ code: String, _ message: String, _ param: String? = nil) -> BatchProblem {
            BatchProblem(code: code, message: message, param: param, line: number)
        }
        let value: JSONValue
        do throws(JSONParser.Problem) {
            value = try JSONParser.parse(bytes)
        } catch {
            throw problem("invalid_json_line", "The line is not JSON: \(error.message), at byte \(error.offset).")
        }
        guard case .object = value else {
            throw problem("invalid_json_line", "The line has to be a JSON object, not \(value.kind).")
        }
        let fields = Field(path: "", value: value)
        func text(_ name: String) throws(BatchProblem) -> String {
            do throws(GatewayError) {
                return try fields[name].requiredString()
            } catch {
                throw problem(error.code ?? "invalid_value", error.message, name)
            }
        }
        customID = try text("custom_id")
        guard !customID.isEmpty, customID.utf8.count <= Self.mostIDBytes else {
            throw problem("invalid_custom_id", "custom_id has to have 1 to \(Self.mostIDBytes) bytes.", "custom_id")
        }
        guard try text("method") == "POST" else { throw problem("invalid_method", "method has to be POST.", "method") }
        guard try text("url") == endpoint.rawValue else {
            throw problem("mismatched_url", "url has to be the batch's endpoint, \(endpoint.rawValue).", "url")
        }
        body = fields["body"].value
        guard case .object = body else {
            throw problem("missing_required_parameter", "body has to be a JSON object.", "body")
        }
    }
}

extension BatchProblem: Error {}

/// Where a line stands in its file.
struct LinePlace: Equatable, Sendable {
    /// From 1.
    var number: Int
    /// What the client calls it.
    var customID: String
    /// The first of its bytes.
    var offset: Int
    /// How many there are, without the line's end.
    var count: Int
}

/// Collects the lines of a file and what is wrong with them.
struct BatchFileCheck {
    /// Problems that are told, at most.
    static let mostProblems = 100

    private let endpoint: BatchEndpoint
    private let mostLines: Int
    private var ids: [String: Int] = [:]
    /// Lines that make sense.
    private(set) var places: [LinePlace] = []
    /// What does not.
    private(set) var problems: [BatchProblem] = []

    init(endpoint: BatchEndpoint, mostLines: Int) {
        (self.endpoint, self.mostLines) = (endpoint, mostLines)
    }

    /// Whether more lines would change nothing.
    var isOver: Bool { problems.count >= Self.mostProblems || places.count > mostLines }

    /// Takes a line. Blank ones do not count.
    mutating func take(_ bytes: [UInt8], number: Int, offset: Int) {
        guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return }
        do throws(BatchProblem) {
            let line = try BatchLine(bytes, number: number, endpoint: endpoint)
            if let first = ids.updateValue(number, forKey: line.customID) {
                let message = "The custom_id stands in line \(first) already."
                ids[line.customID] = first
                throw BatchProblem(code: "duplicate_custom_id", message: message, param: "custom_id", line: number)
            }
            places.append(LinePlace(number: number, customID: line.customID, offset: offset, count: bytes.count))
        } catch {
            problems.append(error)
        }
    }

    /// A line that has too many bytes to be read.
    mutating func refuseLong(number: Int, most: Int) {
        let message = "The line has more than \(most) bytes."
        problems.append(BatchProblem(code: "line_too_large", message: message, param: nil, line: number))
    }

    /// What has become of the file.
    var event: Batch.Event {
        if places.count > mostLines {
            let message = "The file has more than \(mostLines) lines."
            return .invalid([BatchProblem(code: "too_many_tasks", message: message, param: nil, line: nil)])
        }
        guard problems.isEmpty else { return .invalid(problems) }
        guard !places.isEmpty else {
            return .invalid([BatchProblem(code: "empty_file", message: "The file has no lines.", param: nil, line: nil)]
            )
        }
        return .validated(total: places.count)
    }
}
