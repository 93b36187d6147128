internal import CascadeJSON

// The parts of a batch that a row has as JSON texts.
extension Batch {
    var texts: (metadata: String, times: String, problems: String) {
        let notes = metadata.map { JSONValue.Member(key: $0.key, value: .string($0.value)) }
        let states = Status.allCases.compactMap { status in
            times[status].map { JSONValue.Member(key: status.rawValue, value: .integer($0)) }
        }
        return (JSONValue.object(notes).text, JSONValue.object(states).text, JSONValue.array(problems.map(\.json)).text)
    }

    /// Reads what ``texts`` wrote.
    mutating func read(metadata: String, times: String, problems: String) throws {
        func fields(_ text: String) throws -> Field {
            Field(path: "", value: try JSONParser.parse(Array(text.utf8)))
        }
        self.metadata = try (fields(metadata).object() ?? []).map { ($0.key, try $0.field.requiredString()) }
        self.times = [:]
        for (name, field) in try fields(times).object() ?? [] {
            if let status = Status(rawValue: name) { self.times[status] = try field.integer(in: Int.min...(.max)) }
        }
        self.problems = try (fields(problems).array(most: .max) ?? []).map { field in
            BatchProblem(
                code: try field["code"].requiredString(),
                message: try field["message"].requiredString(),
                param: try field["param"].string(),
                line: try field["line"].integer(in: 1...Int.max)
            )
        }
    }
}
