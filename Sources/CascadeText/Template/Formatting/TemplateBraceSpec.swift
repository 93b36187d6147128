/// What stands behind the `:` of a field of Python's `format`.
struct TemplateBraceSpec {
    private var spec = TemplateFormatSpec()
    /// How the value is written; nil is its own way.
    private let type: Unicode.Scalar?
    private let isEmpty: Bool
    /// Whether a `0` stands in front of the width and no alignment: it puts zeros behind the sign of numbers.
    private let fillsZeros: Bool

    /// Reads `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
    init(_ text: TemplateString) throws(TemplateError) {
        isEmpty = text.isEmpty
        var reader = TemplateByteReader(text)
        var hasFill = false
        if let first = text.text.unicodeScalars.first {
            let width = UTF8.width(first)
            reader.index = width
            if let alignment = Self.alignment(&reader) {
                (spec.fill, spec.alignment, hasFill) = (text[0..<width], alignment, true)
            } else {
                reader.index = 0
                spec.alignment = Self.alignment(&reader)
            }
        }
        if let sign = reader.take(anyOf: "+- "), sign != "-" { spec.sign = String(sign) }
        if reader.next == "z" { throw .unsupported("'z' in a format") }
        spec.isAlternate = reader.take(anyOf: "#") != nil
        let hasZero = reader.take(anyOf: "0") != nil
        if hasZero, !hasFill { spec.fill = "0" }
        fillsZeros = hasZero && spec.alignment == nil
        spec.width = try reader.takeInteger() ?? 0
        if let grouping = reader.take(anyOf: ",_") { spec.grouping = String(grouping) }
        if reader.take(anyOf: ".") != nil {
            guard let precision = try reader.takeInteger() else { throw .evaluation("a format's precision is missing") }
            spec.precision = precision
        }
        type = reader.take()
        guard reader.next == nil else { throw .evaluation("'\(text.text.prefix(32))' is no format") }
    }

    private static func alignment(_ reader: inout TemplateByteReader) -> TemplateFormatSpec.Alignment? {
        switch reader.take(anyOf: "<>^=") {
        case "<": .left
        case ">": .right
        case "^": .center
        case "=": .behindSign
        default: nil
        }
    }

    /// The value as the format wants it.
    func text(of value: TemplateValue, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        switch value {
        case _ where isEmpty:
            return try TemplatePrinter.text(of: value, &meter)
        case .string(let text):
            guard type == nil || type == "s", spec.alignment != .behindSign, spec.sign.isEmpty, !spec.isAlternate,
                spec.grouping.isEmpty
            else { throw .evaluation("a number's format does not take a string") }
            return try spec.text(text, &meter)
        case .boolean, .integer:
            return try integer(try value.integer("a format's value"), &meter)
        case .float(let number):
            return try float(number, &meter)
        case .undefined, .null, .list, .map, .object:
            throw .evaluation("a format does not take \(value.typeName)")
        }
    }

    /// The format of numbers.
    private var numeric: TemplateFormatSpec {
        var spec = spec
        if fillsZeros { spec.alignment = .behindSign }
        return spec
    }

    private func integer(_ value: Int, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        let radices: [Unicode.Scalar: Int] = ["d": 10, "n": 10, "b": 2, "o": 8, "x": 16, "X": 16]
        guard let radix = radices[type ?? "d"] else {
            guard type != "c" else { throw .unsupported("'c' in a format") }
            return try float(Double(value), &meter)
        }
        guard spec.precision == nil, type != "n" || spec.grouping.isEmpty, radix == 10 || spec.grouping != "," else {
            throw .evaluation("this format does not take an integer")
        }
        return try numeric.integer(value, radix: radix, isUppercase: type == "X", &meter)
    }

    private func float(_ value: Double, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        let isUppercase = type?.properties.isUppercase ?? false
        switch type {
        case nil: return try numeric.float(value, .plain, &meter)
        case "e", "E": return try numeric.float(value, .scientific, isUppercase: isUppercase, &meter)
        case "f", "F": return try numeric.float(value, .fixed, isUppercase: isUppercase, &meter)
        case "g", "G": return try numeric.float(value, .general, isUppercase: isUppercase, &meter)
        case "n" where spec.grouping.isEmpty: return try numeric.float(value, .general, &meter)
        case "%": return try numeric.float(value * 100, .fixed, suffix: "%", &meter)
        default: throw .evaluation("this format does not take a number")
        }
    }
}
