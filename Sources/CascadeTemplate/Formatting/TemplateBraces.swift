/// Python's `format.format(values)`, as Jinja's sandbox has it.
struct TemplateBraces {
    /// Formats inside a format: Python's bound.
    private static let depth = 2

    private let arguments: TemplateArguments
    /// The number of the next field that has none; nil once one has.
    private var automatic: Int? = 0

    private init(_ arguments: TemplateArguments) {
        self.arguments = arguments
    }

    /// The text with the values in it. Not inlined: what this needs of the stack is not for every evaluation to pay.
    @inline(never)
    static func text(
        _ format: TemplateString,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        var braces = TemplateBraces(arguments)
        return try braces.text(format, depth: 0, &meter)
    }

    private mutating func text(
        _ format: TemplateString,
        depth: Int,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        guard depth <= Self.depth else { throw .evaluation("formats inside formats inside formats") }
        try meter.spend(bytes: format.count)
        var reader = TemplateByteReader(format)
        var result = TemplateString()
        var start = 0
        while let byte = reader.take() {
            guard byte == "{" || byte == "}" else { continue }
            // Two of them stand for one.
            let isDoubled = reader.next == byte
            try meter.append(format[start..<reader.index - (isDoubled ? 0 : 1)], to: &result)
            if isDoubled {
                reader.index += 1
            } else {
                guard byte == "{" else { throw .evaluation("a '}' without its '{'") }
                try meter.append(try field(format, &reader, depth: depth, &meter), to: &result)
            }
            start = reader.index
        }
        try meter.append(format[start..<reader.index], to: &result)
        return result
    }

    /// `name!conversion:spec}`.
    private mutating func field(
        _ format: TemplateString,
        _ reader: inout TemplateByteReader,
        depth: Int,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        try meter.spend()
        let start = reader.index
        var end = try takeName(&reader)
        var value = try value(of: format[start..<reader.index - 1], &meter)
        if end == "!" {
            let conversion = reader.take()
            end = reader.take()
            guard end == ":" || end == "}" else { throw .evaluation("a conversion is one letter") }
            switch conversion {
            case "s": value = .string(try TemplatePrinter.text(of: value, &meter))
            case "r", "a":
                value = .string(try TemplatePrinter.quoted(value, isASCII: conversion == "a", &meter))
            default: throw .evaluation("the conversion '\(conversion.map(String.init) ?? "")' is none of r, s and a")
            }
        }
        let spec = end == ":" ? try takeSpec(format, &reader) : ""
        return try TemplateBraceSpec(try text(spec, depth: depth + 1, &meter)).text(of: value, &meter)
    }

    /// Takes a field's name and what ends it.
    private func takeName(_ reader: inout TemplateByteReader) throws(TemplateError) -> Unicode.Scalar? {
        var isInBrackets = false
        while let byte = reader.take() {
            switch byte {
            case "{": throw .evaluation("a '{' in a field's name")
            case "[": isInBrackets = true
            case "]": isInBrackets = false
            case "}", ":", "!": if !isInBrackets { return byte }
            default: break
            }
        }
        throw .evaluation("a '{' without its '}'")
    }

    private func takeSpec(
        _ format: TemplateString,
        _ reader: inout TemplateByteReader
    ) throws(TemplateError) -> TemplateString {
        let start = reader.index
        var open = 1
        while let byte = reader.take() {
            open += byte == "{" ? 1 : byte == "}" ? -1 : 0
            if open == 0 { return format[start..<reader.index - 1] }
        }
        throw .evaluation("a '{' without its '}'")
    }

    /// The value of `0`, `name` or nothing, with attributes and elements behind it.
    private mutating func value(
        of name: TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        var reader = TemplateByteReader(name)
        var value = try argument(takePart(name, &reader, until: ".["))
        while let byte = reader.take() {
            try meter.spend()
            if byte == "." {
                value = try TemplateAccess.attribute(takePart(name, &reader, until: ".[").text, of: value, &meter)
                continue
            }
            let part = takePart(name, &reader, until: "]")
            guard byte == "[", reader.take() == "]", !part.isEmpty else {
                throw .evaluation("a field's '[' needs its ']'")
            }
            let key = index(part.text).map { TemplateValue.integer($0) } ?? .string(part)
            value = try TemplateAccess.element(key, of: value, &meter)
        }
        return value
    }

    private func takePart(
        _ name: TemplateString,
        _ reader: inout TemplateByteReader,
        until ends: String
    ) -> TemplateString {
        let start = reader.index
        while let next = reader.next, !ends.unicodeScalars.contains(next) { reader.index += 1 }
        return name[start..<reader.index]
    }

    private mutating func argument(_ name: TemplateString) throws(TemplateError) -> TemplateValue {
        var number = index(name.text)
        if name.isEmpty {
            guard let next = automatic else { throw Self.mixed }
            (number, automatic) = (next, next + 1)
        } else if number != nil {
            guard automatic == nil || automatic == 0 else { throw Self.mixed }
            automatic = nil
        }
        if let number {
            guard number < arguments.positional.count else { throw .evaluation("format was given no value \(number)") }
            return arguments.positional[number]
        }
        guard let value = arguments.keyword.first(where: { TemplateText.same($0.name, name.text) })?.value else {
            throw .evaluation("format was given no '\(name.text)'")
        }
        return value
    }

    private static var mixed: TemplateError { .evaluation("fields with a number and fields without") }

    private func index(_ text: String) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }
}

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
