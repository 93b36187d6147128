/// Python's `format % values`.
struct TemplatePercent {
    private let format: TemplateString
    private var reader: TemplateByteReader
    /// What `%(key)s` looks into.
    private let map: TemplateMap?
    /// Whether values may be left over.
    private let allowsRest: Bool
    private var values: [TemplateValue]
    private var used = 0
    private var result = TemplateString()

    private init(_ format: TemplateString, _ value: TemplateValue) {
        self.format = format
        reader = TemplateByteReader(format)
        if case .map(let entries) = value { map = entries } else { map = nil }
        switch value {
        case .list(let list) where list.isTuple: (values, allowsRest) = (list.elements, false)
        case .list, .map, .undefined: (values, allowsRest) = ([value], true)
        default: (values, allowsRest) = ([value], false)
        }
    }

    /// The text with the values in it. Not inlined: what this needs of the stack is not for every evaluation to pay.
    @inline(never)
    static func text(
        _ format: TemplateString,
        _ value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        try meter.spend(bytes: format.count)
        var percent = TemplatePercent(format, value)
        return try percent.run(&meter)
    }

    private mutating func run(_ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        var start = 0
        while let byte = reader.take() {
            guard byte == "%" else { continue }
            try meter.append(format[start..<reader.index - 1], to: &result)
            try meter.spend()
            try meter.append(try conversion(&meter), to: &result)
            start = reader.index
        }
        try meter.append(format[start..<reader.index], to: &result)
        guard used == values.count || allowsRest else {
            throw .evaluation("'%' was given more values than the text has")
        }
        return result
    }

    /// What comes behind a `%`.
    private mutating func conversion(_ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        if reader.take(anyOf: "%") != nil { return "%" }
        if reader.take(anyOf: "(") != nil { try takeKey(&meter) }
        var (spec, isLeft, fillsZeros) = (TemplateFormatSpec(), false, false)
        while let flag = reader.take(anyOf: "-+ #0") {
            switch flag {
            case "-": isLeft = true
            case "+": spec.sign = "+"
            case " ": spec.sign = spec.sign.isEmpty ? " " : spec.sign
            case "#": spec.isAlternate = true
            default: fillsZeros = true
            }
        }
        if let width = try takeCount("the width") {
            isLeft = isLeft || width < 0
            spec.width = Int(clamping: width.magnitude)
        }
        if reader.take(anyOf: ".") != nil { spec.precision = max(0, try takeCount("the precision") ?? 0) }
        _ = reader.take(anyOf: "hlL")
        guard let type = reader.take() else { throw .evaluation("the text ends behind '%'") }
        spec.alignment = isLeft ? .left : .right
        let isNumber = !"srac".unicodeScalars.contains(type)
        if isNumber, fillsZeros, !isLeft { (spec.alignment, spec.fill) = (.behindSign, "0") }
        return try text(of: try nextValue(), as: type, spec, &meter)
    }

    private mutating func takeKey(_ meter: inout TemplateMeter) throws(TemplateError) {
        let start = reader.index
        var depth = 1
        while depth > 0 {
            guard let byte = reader.take() else { throw .evaluation("a key of '%' does not end") }
            depth += byte == "(" ? 1 : byte == ")" ? -1 : 0
        }
        guard let map else { throw .evaluation("'%' with keys needs a map") }
        try meter.spend(elements: map.entries.count)
        let key = format[start..<reader.index - 1]
        guard let value = map[.string(key)] else { throw .evaluation("a map has no '\(key.text)'") }
        (values, used) = ([value], 0)
    }

    private mutating func takeCount(_ what: String) throws(TemplateError) -> Int? {
        if reader.take(anyOf: "*") != nil { return try nextValue().integer(what) }
        return try reader.takeInteger()
    }

    private mutating func nextValue() throws(TemplateError) -> TemplateValue {
        guard used < values.count else { throw .evaluation("'%' was given fewer values than the text has") }
        used += 1
        return values[used - 1]
    }

    private func text(
        of value: TemplateValue,
        as type: Unicode.Scalar,
        _ spec: TemplateFormatSpec,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        let isUppercase = type.properties.isUppercase
        switch type {
        case "s": return try spec.text(try TemplatePrinter.text(of: value, &meter), &meter)
        case "r", "a": return try spec.text(try TemplatePrinter.quoted(value, isASCII: type == "a", &meter), &meter)
        case "c": return try spec.text(try character(value), &meter)
        case "d", "i", "u": return try spec.integer(try whole(value), radix: 10, &meter)
        case "x", "X": return try spec.integer(try value.integer("'%x'"), radix: 16, isUppercase: isUppercase, &meter)
        case "o": return try spec.integer(try value.integer("'%o'"), radix: 8, &meter)
        case "e", "E": return try spec.float(try number(value), .scientific, isUppercase: isUppercase, &meter)
        case "f", "F": return try spec.float(try number(value), .fixed, isUppercase: isUppercase, &meter)
        case "g", "G": return try spec.float(try number(value), .general, isUppercase: isUppercase, &meter)
        default: throw .evaluation("'%\(type)' is no format")
        }
    }

    private func number(_ value: TemplateValue) throws(TemplateError) -> Double {
        guard let number = value.number else { throw .evaluation("a number's format does not take \(value.typeName)") }
        return number
    }

    private func whole(_ value: TemplateValue) throws(TemplateError) -> Int {
        if let index = value.index { return index }
        let number = try number(value)
        guard number.isFinite else { throw .evaluation("\(TemplateText.number(number)) is no integer") }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
            throw .limit("an integer of more than 64 bits")
        }
        return integer
    }

    private func character(_ value: TemplateValue) throws(TemplateError) -> TemplateString {
        if case .string(let text) = value, text.text.unicodeScalars.count == 1 { return text }
        guard let index = value.index, let scalar = UInt32(exactly: index).flatMap(Unicode.Scalar.init) else {
            throw .evaluation("'%c' needs a character or its number")
        }
        return TemplateString(String(scalar))
    }
}

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
