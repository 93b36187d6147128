/// What of a tool's words a person needs: one line, the one that names the cause.
enum ToolText {
    /// Why pip got nothing. Its last line says only that there is no such package, whatever kept it from asking.
    ///
    /// - Parameters:
    ///   - errors: the end of what it wrote to standard error, where it tells of connections that failed.
    ///   - output: what it wrote to standard output, where it tells of indexes that answered something else.
    static func pipCause(errors: String, output: String) -> String {
        if let broken = lines(errors).last(where: { $0.contains(broken) }) {
            return withoutObjects(between(broken, Self.broken, and: "': /"))
        }
        if let refused = lines(output + "\n" + errors).last(where: { $0.contains(refused) }) {
            return "an index did not answer as it should: " + between(refused, Self.refused, and: " - skipping")
        }
        return lastLine(errors)
    }

    /// Why curl failed: behind the line with its mark it may explain at length what that means.
    static func curlCause(_ errors: String) -> String {
        lines(errors).last { $0.hasPrefix("curl: (") }.map(String.init) ?? oneLine(errors)
    }

    /// The last line.
    static func lastLine(_ text: String) -> String {
        lines(text).last.map(String.init) ?? "it gave no reason"
    }

    /// All lines as one.
    static func oneLine(_ text: String) -> String {
        lines(text).joined(separator: " ")
    }

    private static let broken = "connection broken by '"
    private static let refused = "Could not fetch URL "

    /// The lines that are not blank, without the space around them.
    private static func lines(_ text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline)
            .map { line in
                let front = line.drop(while: \.isWhitespace)
                let end = front.lastIndex { !$0.isWhitespace }
                return end.map { front[...$0] } ?? ""
            }
            .filter { !$0.isEmpty }
    }

    /// What stands between `start` and the last `end`, or the text's end where there is none.
    private static func between(_ text: Substring, _ start: String, and end: String) -> String {
        guard let begin = text.firstRange(of: start)?.upperBound else { return String(text) }
        let rest = text[begin...]
        return String(rest[..<(rest.ranges(of: end).last?.lowerBound ?? rest.endIndex)])
    }

    /// The text without what Python says of an object without a name: `<pip.… object at 0x7f88e4b4a810>: `.
    private static func withoutObjects(_ text: String) -> String {
        text.replacing(#/<[^<>]* object at 0x[0-9a-f]+>: /#, with: "")
    }
}
