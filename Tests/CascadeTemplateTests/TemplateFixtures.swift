import Foundation

@testable import CascadeTemplate

/// A value of JSON, with the keys of maps in order, as the generator of the fixtures sorts them.
enum TemplateJSONValue: Decodable {
    case null
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list([TemplateJSONValue])
    case map([String: TemplateJSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .float(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([TemplateJSONValue].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: TemplateJSONValue].self))
        }
    }

    var value: TemplateValue {
        switch self {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .float(let value): .float(value)
        case .string(let value): .string(TemplateString(value))
        case .list(let values): .list(TemplateList(values.map(\.value)))
        case .map(let values): .map(TemplateMap(values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }))
        }
    }
}

/// A conversation of the fixtures.
struct TemplateConversation: Decodable {
    struct Message: Decodable {
        let role: String
        let content: String
    }

    let messages: [Message]
    let add_generation_prompt: Bool
    let bos_token: String
    let eos_token: String
    let extra: [String: TemplateJSONValue]?

    func render(_ source: String) throws(TemplateError) -> String {
        try ChatTemplate(source: source).render(
            messages: messages.map { ChatMessage(role: $0.role, content: $0.content) },
            addGenerationPrompt: add_generation_prompt,
            bosToken: bos_token,
            eosToken: eos_token,
            extra: (extra ?? [:]).mapValues(\.value)
        ).text
    }
}

/// What Jinja2 made of a template.
struct TemplateOutcome: Decodable {
    let output: String?
    let raised: String?
    let error: String?
}

/// The fixtures that `generate.py` writes and reads.
struct TemplateFixtures: Decodable {
    let templates: [String: [String: TemplateOutcome]]
    let expressions: [String: TemplateOutcome]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/templates").standardizedFileURL

    static func conversations() throws -> [String: TemplateConversation] {
        let data = try Data(contentsOf: folder.appending(path: "conversations.json"))
        return try JSONDecoder().decode([String: TemplateConversation].self, from: data)
    }

    static func load() throws -> TemplateFixtures {
        let data = try Data(contentsOf: folder.appending(path: "expected.json"))
        return try JSONDecoder().decode(TemplateFixtures.self, from: data)
    }

    static func source(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
}
