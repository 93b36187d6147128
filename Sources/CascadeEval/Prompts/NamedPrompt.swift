/// A prompt of a file, and what it is called.
package struct NamedPrompt: Sendable, Equatable {
    /// `id` or `task_id` of a JSON line, else `line` and the line's number.
    package let name: String
    /// What is asked; never empty.
    package let prompt: String

    /// Creates a prompt of its parts.
    package init(name: String, prompt: String) {
        self.name = name
        self.prompt = prompt
    }
}

/// A JSON line: `prompt` or `text`, and if one likes `id` or `task_id`; other keys say nothing.
extension NamedPrompt {
    struct Line: Decodable {
        let name: String?
        let prompt: String

        /// Any key of the object.
        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        private typealias Values = KeyedDecodingContainer<Key>

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            guard let key = try Self.first(of: ["prompt", "text"], in: values) else {
                let keys = values.allKeys.map { "\"\($0.stringValue)\"" }.sorted().joined(separator: ", ")
                let found = keys.isEmpty ? "the object is empty" : "the object has \(keys)"
                throw Self.broken(Key(stringValue: "prompt"), "or \"text\" is missing: \(found)")
            }
            prompt = try values.decode(String.self, forKey: key)
            guard !prompt.isEmpty else { throw Self.broken(key, "must not be empty") }
            name = try Self.first(of: ["id", "task_id"], in: values).map { try Self.name($0, in: values) }
        }

        /// The first of some keys whose value is not null.
        private static func first(of names: [String], in values: Values) throws -> Key? {
            try names.map(Key.init(stringValue:)).first { try values.contains($0) && !values.decodeNil(forKey: $0) }
        }

        /// A name may be a string or a number, as people write ids.
        private static func name(_ key: Key, in values: Values) throws -> String {
            if let text = try? values.decode(String.self, forKey: key) { return text }
            if let number = try? values.decode(Int64.self, forKey: key) { return "\(number)" }
            if let number = try? values.decode(UInt64.self, forKey: key) { return "\(number)" }
            if let number = try? values.decode(Double.self, forKey: key) { return "\(number)" }
            throw broken(key, "must be a string or a number")
        }

        private static func broken(_ key: Key, _ reason: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: [key], debugDescription: reason))
        }
    }
}
