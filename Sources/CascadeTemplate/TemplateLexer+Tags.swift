/// The inside of `{{ }}` and `{% %}`.
extension TemplateLexer {
    /// Adds the tokens of a tag up to its end, which counts only outside brackets: `{{ {"a": {}} }}` is one tag.
    mutating func tokenizeTag(closing: Unicode.Scalar, from tag: Int) throws(TemplateError) {
        var brackets: [TemplateToken.Symbol] = []
        while true {
            skipSpace()
            if brackets.isEmpty, endTag(closing: closing) { return }
            guard let first = scalar(at: offset) else {
                throw .syntax("the tag does not end", at: position(of: tag))
            }
            if isDigit(at: offset) {
                try addNumber()
            } else if first == "_" || first.properties.isXIDStart {
                addName()
            } else if first == "'" || first == "\"" {
                try addString(quote: first)
            } else {
                try addSymbol(brackets: &brackets)
            }
        }
    }

    /// Adds the end of a tag, where one stands at the offset.
    private mutating func endTag(closing: Unicode.Scalar) -> Bool {
        var sign = scalar(at: offset)
        // Only blocks have `+%}`.
        if sign != "-", sign != "+" || closing == "}" {
            sign = nil
        }
        let start = offset + (sign == nil ? 0 : 1)
        guard scalar(at: start) == closing, scalar(at: start + 1) == "}" else { return false }
        add(closing == "%" ? .blockEnd : .variableEnd, at: offset)
        offset = start + 2
        if closing == "%" {
            skipAfterTag(sign: sign)
        } else if sign == "-" {
            skipSpace()
        }
        return true
    }

    private mutating func addName() {
        let start = offset
        while let scalar = scalar(at: offset), scalar.properties.isXIDContinue {
            offset += 1
        }
        add(.name(text(start..<offset)), at: start)
    }

    private mutating func addNumber() throws(TemplateError) {
        let start = offset
        skipDigits()
        var isFloat = false
        // In `a.0.1` both numbers are elements.
        if start == 0 || scalars[start - 1] != "." {
            if scalar(at: offset) == ".", isDigit(at: offset + 1) {
                isFloat = true
                offset += 1
                skipDigits()
            }
            if let exponent = exponentDigits() {
                isFloat = true
                offset = exponent
                skipDigits()
            }
        }
        let digits = text(start..<offset).filter { $0 != "_" }
        if isFloat, let value = Double(digits) {
            add(.float(value), at: start)
        } else if !isFloat, let value = Int(digits) {
            add(.integer(value), at: start)
        } else {
            throw .syntax("the number \(digits) is out of range", at: position(of: start))
        }
    }

    /// The offset of an exponent's digits, where an exponent stands at the offset.
    private func exponentDigits() -> Int? {
        guard let mark = scalar(at: offset), mark == "e" || mark == "E" else { return nil }
        let sign = scalar(at: offset + 1)
        let digits = offset + (sign == "+" || sign == "-" ? 2 : 1)
        return isDigit(at: digits) ? digits : nil
    }

    private func isDigit(at index: Int) -> Bool {
        scalar(at: index).map { ("0"..."9").contains($0) } ?? false
    }

    private mutating func skipDigits() {
        while isDigit(at: offset) || scalar(at: offset) == "_" && isDigit(at: offset + 1) {
            offset += 1
        }
    }

    private mutating func addSymbol(brackets: inout [TemplateToken.Symbol]) throws(TemplateError) {
        let start = offset
        let two = text(start..<min(start + 2, scalars.count))
        let one = text(start..<start + 1)
        guard let symbol = TemplateToken.Symbol(rawValue: two) ?? TemplateToken.Symbol(rawValue: one) else {
            throw .syntax("unexpected character '\(one)'", at: position(of: start))
        }
        if let closing = symbol.closing {
            brackets.append(closing)
        } else if [.rightParenthesis, .rightBracket, .rightBrace].contains(symbol), brackets.popLast() != symbol {
            throw .syntax("unexpected '\(symbol.rawValue)'", at: position(of: start))
        }
        offset += symbol.rawValue.unicodeScalars.count
        add(.symbol(symbol), at: start)
    }

    private mutating func addString(quote: Unicode.Scalar) throws(TemplateError) {
        let start = offset
        var value = String.UnicodeScalarView()
        offset += 1
        while let scalar = scalar(at: offset) {
            offset += 1
            if scalar == quote {
                add(.string(String(value)), at: start)
                return
            }
            if scalar == "\\" {
                try addEscape(to: &value)
            } else {
                value.append(scalar)
            }
        }
        throw .syntax("the string does not end", at: position(of: start))
    }

    /// Python's escapes; an unknown one stays as it is written.
    private mutating func addEscape(to value: inout String.UnicodeScalarView) throws(TemplateError) {
        guard let escape = scalar(at: offset) else { return }
        offset += 1
        switch escape {
        case "\n": break
        case "\\", "'", "\"": value.append(escape)
        case "a": value.append("\u{07}")
        case "b": value.append("\u{08}")
        case "f": value.append("\u{0C}")
        case "n": value.append("\n")
        case "r": value.append("\r")
        case "t": value.append("\t")
        case "v": value.append("\u{0B}")
        case "x": value.append(try escapedScalar(digits: 2))
        case "u": value.append(try escapedScalar(digits: 4))
        case "U": value.append(try escapedScalar(digits: 8))
        case "0"..."7", "N": throw .unsupported("the escape '\\\(escape)'", at: position(of: offset - 2))
        default:
            value.append("\\")
            value.append(escape)
        }
    }

    private mutating func escapedScalar(digits: Int) throws(TemplateError) -> Unicode.Scalar {
        let start = offset
        offset = min(offset + digits, scalars.count)
        // A sign would pass for a digit in `UInt32.init`.
        let isHex = scalars[start..<offset].allSatisfy(\.properties.isASCIIHexDigit)
        guard isHex, offset - start == digits, let value = UInt32(text(start..<offset), radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw .syntax("an escape needs \(digits) hexadecimal digits of a character", at: position(of: start))
        }
        return scalar
    }
}
