/// The lines of a text. A line feed ends a line, and a carriage return in front of it belongs to the end. No other
/// character does: U+2028, U+0085, form feeds and their kin stand inside lines, as they do in JSON.
package enum TextLines {
    /// The lines of UTF-8; the last one is empty where the text ends with a line's end.
    package static func split<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> [Bytes.SubSequence]
    where Bytes.SubSequence: BidirectionalCollection {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
    }

    /// The lines of a text; the last one is empty where the text ends with a line's end.
    package static func split(_ text: some StringProtocol) -> [Substring] {
        split(Substring(text).utf8).map(Substring.init)
    }
}
