/// A text that a template works on, which knows which of its characters come from outside: from a user, or from
/// whatever else fills a conversation.
///
/// Characters keep their origin whatever a template does with them: joins, cuts, strips, changes their case, prints
/// them as JSON. So `<|im_end|>` is a control token where the template wrote it and text where a user did, also where
/// one wrote one half of it and the other the rest.
package struct TemplateString: Sendable {
    /// The text.
    package private(set) var text: String
    /// Where bytes of UTF-8 from outside stand: ascending, none empty, no two touching.
    package private(set) var foreign: [Range<Int>]

    /// A text of one origin.
    package init(_ text: String = "", isForeign: Bool = false) {
        self.text = text
        foreign = isForeign && !text.isEmpty ? [0..<text.utf8.count] : []
    }

    /// Characters in a row.
    init(_ scalars: some Sequence<Scalar>) {
        var builder = Builder()
        for scalar in scalars { builder.append(scalar.value, isForeign: scalar.isForeign) }
        self = builder.string
    }

    var isEmpty: Bool { text.isEmpty }

    /// Bytes of UTF-8.
    var count: Int { text.utf8.count }

    /// The same text, all of it from outside.
    var asForeign: TemplateString { TemplateString(text, isForeign: true) }

    /// A character and where it comes from.
    struct Scalar {
        let value: Unicode.Scalar
        let isForeign: Bool
    }

    /// The characters one by one.
    var scalars: [Scalar] {
        var scalars: [Scalar] = []
        forEachScalar { scalars.append($0) }
        return scalars
    }

    private func forEachScalar(_ body: (Scalar) -> Void) {
        var ranges = foreign[...]
        var offset = 0
        for value in text.unicodeScalars {
            if let first = ranges.first, first.upperBound <= offset { ranges.removeFirst() }
            let isForeign = ranges.first.map { $0.lowerBound <= offset } ?? false
            body(Scalar(value: value, isForeign: isForeign))
            offset += UTF8.width(value)
        }
    }

    /// Each character replaced by a text, which has its origin.
    func mapScalars(_ transform: (Unicode.Scalar) -> String) -> TemplateString {
        var builder = Builder()
        forEachScalar { scalar in
            for value in transform(scalar.value).unicodeScalars {
                builder.append(value, isForeign: scalar.isForeign)
            }
        }
        return builder.string
    }

    mutating func append(_ other: TemplateString) {
        let offset = count
        text += other.text
        for range in other.foreign { foreign.appendRange(range.lowerBound + offset..<range.upperBound + offset) }
    }

    static func + (first: TemplateString, second: TemplateString) -> TemplateString {
        var sum = first
        sum.append(second)
        return sum
    }

    /// The text `count` times in a row.
    func repeated(_ count: Int) -> TemplateString {
        guard !foreign.isEmpty else { return TemplateString(String(repeating: text, count: count)) }
        var result = TemplateString()
        for _ in 0..<count { result.append(self) }
        return result
    }

    /// The characters in a range of bytes that begins and ends between characters.
    subscript(bytes: Range<Int>) -> TemplateString {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: bytes.lowerBound)
        let end = utf8.index(start, offsetBy: bytes.count)
        var part = TemplateString(String(text[start..<end]))
        for range in foreign[firstRange(behind: bytes.lowerBound)...] {
            guard range.lowerBound < bytes.upperBound else { break }
            let cut = range.clamped(to: bytes)
            part.foreign.append(cut.lowerBound - bytes.lowerBound..<cut.upperBound - bytes.lowerBound)
        }
        return part
    }

    /// Index of the first range that ends behind a byte: found by halving, so that cutting a text up stays cheap.
    private func firstRange(behind byte: Int) -> Int {
        var (low, high) = (0, foreign.count)
        while low < high {
            let middle = (low + high) / 2
            if foreign[middle].upperBound <= byte { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Makes a text character by character.
    private struct Builder {
        private var scalars = String.UnicodeScalarView()
        private var foreign: [Range<Int>] = []
        private var count = 0

        mutating func append(_ scalar: Unicode.Scalar, isForeign: Bool) {
            let end = count + UTF8.width(scalar)
            scalars.append(scalar)
            if isForeign { foreign.appendRange(count..<end) }
            count = end
        }

        var string: TemplateString {
            var string = TemplateString(String(scalars))
            string.foreign = foreign
            return string
        }
    }
}

extension TemplateString: ExpressibleByStringLiteral {
    /// A text of the program's or the template's own.
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

extension [Range<Int>] {
    /// Adds a range at the end, joined with one that it touches.
    fileprivate mutating func appendRange(_ range: Range<Int>) {
        if let last, last.upperBound == range.lowerBound {
            self[endIndex - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }
}
