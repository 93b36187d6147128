import CCascadeProto
import CascadeCore
import Foundation
import Testing

@testable import CascadeWire

/// The schema and the Swift code that mirrors it agree, and the schema keeps its own rules.
struct SchemaTests {
    /// All messages that an envelope can hold, each once, by name.
    private static func messages() -> [String: Schema.MessageDescriptor] {
        var found: [String: Schema.MessageDescriptor] = [:]
        func visit(_ message: Schema.MessageDescriptor) {
            guard found.updateValue(message, forKey: String(cString: message.pointee.name)) == nil else { return }
            for field in Schema.fields(message) { Schema.message(of: field).map(visit) }
        }
        visit(Schema.envelope)
        return found
    }

    @Test("no message contains itself, and none is deeper than four")
    func noRecursion() {
        var deepest = 0
        func visit(_ message: Schema.MessageDescriptor, _ outer: [String]) {
            let name = String(cString: message.pointee.name)
            guard !outer.contains(name) else {
                Issue.record("\(name) contains itself: \(outer)")
                return
            }
            deepest = max(deepest, outer.count + 1)
            for field in Schema.fields(message) { Schema.message(of: field).map { visit($0, outer + [name]) } }
        }
        visit(Schema.envelope, [])
        #expect(deepest == 4, "envelope, finished, report, counts")
    }

    @Test("optional everywhere, packed numbers, no strings")
    func fieldRules() {
        let numbers = Self.messages().values.flatMap { message in Schema.fields(message).map { (message, $0) } }
        #expect(numbers.count > 150)
        for (message, field) in numbers {
            let name = "\(String(cString: message.pointee.name)).\(String(cString: field.name))"
            #expect(field.type != PROTOBUF_C_TYPE_STRING, "\(name) must be bytes")
            #expect(field.label != PROTOBUF_C_LABEL_REQUIRED, "\(name) must be optional")
            let isNumber = field.type != PROTOBUF_C_TYPE_BYTES && field.type != PROTOBUF_C_TYPE_MESSAGE
            if isNumber, field.label == PROTOBUF_C_LABEL_REPEATED {
                #expect(field.flags & PROTOBUF_C_FIELD_FLAG_PACKED.rawValue != 0, "\(name) must be packed")
            }
        }
    }

    @Test("each message field of the envelope has its kind")
    func kinds() {
        let fields = Schema.fields(Schema.envelope).filter { $0.id >= MessageKind.firstNumber }
        #expect(fields.count == MessageKind.allCases.count)
        for field in fields {
            #expect(MessageKind(rawValue: field.id).map { Self.snake($0.name) } == String(cString: field.name))
        }
    }

    @Test("each enumeration has the schema's numbers and names")
    func enumerations() {
        var numbers: [String: [UInt32: String]] = [:]
        for field in Self.messages().values.flatMap({ Array(Schema.fields($0)) })
        where field.type == PROTOBUF_C_TYPE_ENUM {
            guard let descriptor = field.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self).pointee
            else {
                continue
            }
            for value in UnsafeBufferPointer(start: descriptor.values, count: Int(descriptor.n_values)) {
                numbers[String(cString: descriptor.short_name), default: [:]][UInt32(value.value)] =
                    String(cString: value.name)
            }
        }
        func check<Value: WireEnum>(_ type: Value.Type, _ name: String) {
            let prefix = Self.snake(name).uppercased()
            var expected: [UInt32: String] = [0: "\(prefix)_UNSPECIFIED"]
            for value in Value.allCases { expected[value.number] = "\(prefix)_\(Self.snake("\(value)").uppercased())" }
            #expect(numbers.removeValue(forKey: name) == expected)
        }
        check(NodeRole.self, "NodeRole")
        check(RefusalCode.self, "RefusalCode")
        check(RuleSettings.Rule.self, "Rule")
        check(RuleSettings.Gate.self, "Gate")
        check(RuleSettings.Bonus.self, "Bonus")
        check(RuleSettings.VerifyMethod.self, "VerifyMethod")
        check(PromptFormat.self, "PromptFormat")
        check(FinishReason.self, "FinishReason")
        check(JobState.self, "JobState")
        check(DrafterKind.self, "DrafterKind")
        check(Priority.self, "Priority")
        check(ConversationMessage.Role.self, "MessageRole")
        check(NodeState.self, "NodeState")
        check(OutputConstraint.Kind.self, "ConstraintKind")
        check(Origin.self, "Origin")
        #expect(numbers.isEmpty, "an enumeration of the schema was not compared")
    }

    @Test("every message, field and enumeration value has its comment")
    func comments() throws {
        let folder = GenerateProtos.root.appending(path: "Protos/cascade/v1")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count == 6)
        for file in files {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            for (before, line) in zip(lines, lines.dropFirst()) {
                let text = line.trimmingPrefix { $0 == " " }
                let declares = text.hasSuffix(";") && text.contains(" = ") && !text.hasPrefix("syntax")
                guard declares || text.hasPrefix("message ") || text.hasPrefix("enum ") else { continue }
                #expect(before.trimmingPrefix { $0 == " " }.hasPrefix("//"), "\(file.lastPathComponent): \(line)")
            }
        }
    }

    /// `tokenV3` as `token_v3`.
    private static func snake(_ camel: String) -> String {
        var snake = ""
        for (index, character) in camel.enumerated() {
            if character.isUppercase, index > 0, snake.last?.isLowercase == true { snake.append("_") }
            snake.append(character)
        }
        return snake.lowercased()
    }
}
