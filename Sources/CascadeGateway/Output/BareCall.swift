/// A call of a tool without tags around it, perhaps in a fence of code.
enum BareCall {
    private static let fences = ["```json\n", "```\n", ""].map { Array($0.utf8) }
    private static let key = Array("\"name\"".utf8)

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Whether a text begins as a call does; nil where that takes more of it.
    static func isBegun(by text: [UInt8]) -> Bool? {
        let text = text.drop(while: isBlank)
        if text.isEmpty { return nil }
        var needsMore = false
        for fence in fences {
            if fence.starts(with: text), text.count < fence.count { needsMore = true }
            guard text.starts(with: fence) else { continue }
            var rest = text.dropFirst(fence.count).drop(while: isBlank)
            if rest.isEmpty { return nil }
            guard rest.first == UInt8(ascii: "{") else { continue }
            rest = rest.dropFirst().drop(while: isBlank)
            if rest.starts(with: key) { return true }
            if key.starts(with: rest) { needsMore = true }
        }
        return needsMore ? nil : false
    }

    /// The JSON of a text that begins as a call.
    static func body(of text: [UInt8]) -> [UInt8] {
        var body = text.drop(while: isBlank)
        for fence in fences where !fence.isEmpty && body.starts(with: fence) {
            body = body.dropFirst(fence.count)
            while let last = body.last, isBlank(last) { body.removeLast() }
            let closing = Array("```".utf8)
            if body.suffix(closing.count).elementsEqual(closing) { body.removeLast(closing.count) }
            break
        }
        return Array(body)
    }
}
