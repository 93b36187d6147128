internal import CascadeJSON

/// Takes an assistant's answer apart while it is written: reasoning, content, calls of tools.
///
/// Reasoning is what stands between `<think>` and `</think>` at the beginning of an answer (DeepSeek R1, Qwen 3). A
/// call is a JSON object with `name` and `arguments` between `<tool_call>` and `</tool_call>` (Hermes, Qwen 2.5 and
/// 3), or one that is all that the answer says, in a fence of code or without (Qwen 2.5 Coder): then its name has to be
/// that of a tool. What looks like one of them and is not, stays content: nothing that a model wrote is lost but white
/// space around calls and behind reasoning.
struct OutputParser: Sendable {
    private enum State {
        /// Nothing but white space has come.
        case start
        case reasoning
        /// White space that separates reasoning from content is left out.
        case behindReasoning
        /// Content that may turn out to be a call comes next.
        case opening
        case content
        case call
        /// Behind what opens a call without tags: only the end tells whether it is one.
        case bareCall
    }

    private static let thinkOpening = Array("<think>".utf8)
    private static let thinkClosing = Array("</think>".utf8)
    private static let callOpening = Array("<tool_call>".utf8)
    private static let callClosing = Array("</tool_call>".utf8)

    private let findsReasoning: Bool
    private let tools: Set<String>
    private var state = State.start
    /// What has come and is not told yet.
    private var pending: [UInt8] = []
    /// Up to here there is no end of the call that is pending.
    private var scanned = 0
    /// Whether a call has been told.
    private(set) var hasCalls = false

    /// - Parameters:
    ///   - findsReasoning: whether reasoning is told apart from content.
    ///   - tools: the names of those that were offered; without any, no calls are looked for.
    init(findsReasoning: Bool = true, tools: Set<String> = []) {
        (self.findsReasoning, self.tools) = (findsReasoning, tools)
    }

    /// Takes the next piece of text, and returns what is certain now.
    mutating func take(_ text: String) -> [OutputPart] {
        pending += text.utf8
        var parts: [OutputPart] = []
        while step(&parts) {}
        return parts
    }

    /// The answer is over: returns what was held back.
    mutating func finish() -> [OutputPart] {
        var parts: [OutputPart] = []
        switch state {
        case .bareCall:
            let call = Self.call(BareCall.body(of: pending))
            if case .toolCall(let name, _)? = call, let call, tools.contains(name) {
                parts.append(call)
                hasCalls = true
            } else {
                tell(pending.count, as: OutputPart.content, &parts)
            }
        case .start, .opening, .content, .behindReasoning:
            // A model may end before it has closed its call.
            if hasCalls || state == .behindReasoning, pending.allSatisfy(Self.isBlank) { break }
            tell(pending.count, as: OutputPart.content, &parts)
        case .reasoning: tell(pending.count, as: OutputPart.reasoning, &parts)
        case .call: endCall(bodyCount: pending.count, closing: 0, &parts)
        }
        pending = []
        return parts
    }

    /// Goes on by one state; false where more text is needed.
    private mutating func step(_ parts: inout [OutputPart]) -> Bool {
        switch state {
        case .start: return start()
        case .reasoning:
            let end = Self.find(Self.thinkClosing, in: pending)
            tell(end.index, as: OutputPart.reasoning, &parts)
            guard end.isWhole else { return false }
            pending.removeFirst(Self.thinkClosing.count)
            state = .behindReasoning
            return true
        case .behindReasoning:
            pending.removeFirst(pending.prefix(while: Self.isBlank).count)
            guard !pending.isEmpty else { return false }
            state = .opening
            return true
        case .opening:
            let looksLikeCall = tools.isEmpty ? false : BareCall.isBegun(by: pending)
            guard let looksLikeCall else { return false }
            state = looksLikeCall ? .bareCall : .content
            return true
        case .bareCall: return false
        case .content: return content(&parts)
        case .call:
            let end = Self.find(Self.callClosing, in: pending, from: scanned)
            scanned = end.isWhole ? 0 : end.index
            guard end.isWhole else { return false }
            endCall(bodyCount: end.index, closing: Self.callClosing.count, &parts)
            state = .content
            return true
        }
    }

    private mutating func start() -> Bool {
        let blank = pending.prefix(while: Self.isBlank).count
        let text = pending[blank...]
        guard findsReasoning else {
            state = .opening
            return true
        }
        if text.count < Self.thinkOpening.count, Self.thinkOpening.starts(with: text) { return false }
        if text.starts(with: Self.thinkOpening) {
            pending.removeFirst(blank + Self.thinkOpening.count)
            state = .reasoning
        } else {
            state = .opening
        }
        return true
    }

    private mutating func content(_ parts: inout [OutputPart]) -> Bool {
        guard !tools.isEmpty else {
            tell(pending.count, as: OutputPart.content, &parts)
            return false
        }
        let opening = Self.find(Self.callOpening, in: pending)
        // White space may be what separates this from a call.
        let before = pending[..<opening.index]
        let blanks = before.reversed().prefix(while: Self.isBlank).count
        if hasCalls, blanks == before.count, opening.isWhole {
            pending.removeFirst(opening.index)
        } else {
            tell(before.count - blanks, as: OutputPart.content, &parts)
            if opening.isWhole { pending.removeFirst(blanks) }
        }
        guard opening.isWhole else { return false }
        pending.removeFirst(Self.callOpening.count)
        state = .call
        return true
    }

    /// The call's body is `bodyCount` bytes of what is pending, before a tag of `closing` bytes.
    private mutating func endCall(bodyCount: Int, closing: Int, _ parts: inout [OutputPart]) {
        let body = Array(pending[..<bodyCount])
        if let call = Self.call(body) {
            parts.append(call)
            hasCalls = true
            pending.removeFirst(bodyCount + closing)
        } else {
            let text = Self.callOpening + pending[..<(bodyCount + closing)]
            parts.append(.content(String(decoding: text, as: UTF8.self)))
            pending.removeFirst(bodyCount + closing)
        }
    }

    private mutating func tell(_ count: Int, as part: (String) -> OutputPart, _ parts: inout [OutputPart]) {
        guard count > 0 else { return }
        parts.append(part(String(decoding: pending[..<count], as: UTF8.self)))
        pending.removeFirst(count)
    }

    private static func call(_ body: [UInt8]) -> OutputPart? {
        guard let value = try? JSONParser.parse(body), case .object(let members) = value,
            case .string(let name)? = members.first(where: { $0.key == "name" })?.value
        else { return nil }
        let arguments = members.first { $0.key == "arguments" || $0.key == "parameters" }?.value ?? [:]
        // Some models write the arguments as a text that is JSON, as the protocol has them.
        if case .string(let text) = arguments { return .toolCall(name: name, arguments: text) }
        return .toolCall(name: name, arguments: arguments.text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Where a tag is, or what may become one at the end.
    private static func find(_ tag: [UInt8], in text: [UInt8], from start: Int = 0) -> (index: Int, isWhole: Bool) {
        for index in start..<text.count where text[index] == tag[0] {
            let rest = text[index...].prefix(tag.count)
            if tag.starts(with: rest) { return (index, rest.count == tag.count) }
        }
        return (text.count, false)
    }
}
