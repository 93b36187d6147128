/// Reads a text whose syntax is ASCII byte by byte.
struct TemplateByteReader {
    let bytes: [UInt8]
    var index = 0

    init(_ text: TemplateString) {
        bytes = Array(text.text.utf8)
    }

    /// The byte that comes next; nil at the end.
    var next: Unicode.Scalar? { index < bytes.count ? Unicode.Scalar(bytes[index]) : nil }

    /// Takes the next byte.
    mutating func take() -> Unicode.Scalar? {
        guard let next else { return nil }
        index += 1
        return next
    }

    /// Takes the next byte if it is one of these.
    mutating func take(anyOf set: String) -> Unicode.Scalar? {
        guard let next, set.unicodeScalars.contains(next) else { return nil }
        index += 1
        return next
    }

    /// Takes a number; nil where no digit comes.
    mutating func takeInteger() throws(TemplateError) -> Int? {
        let start = index
        while take(anyOf: "0123456789") != nil {}
        guard index > start else { return nil }
        let digits = String(decoding: bytes[start..<index], as: UTF8.self)
        guard let value = Int(digits) else { throw .limit("the number \(digits.prefix(32)) needs more than 64 bits") }
        return value
    }
}
