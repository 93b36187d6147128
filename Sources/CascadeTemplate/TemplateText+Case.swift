/// Upper and lower case, numbers and quotes as Python writes them.
extension TemplateText {
    /// Python's `upper`.
    static func uppercased(_ text: TemplateString) -> TemplateString {
        text.mapScalars(\.properties.uppercaseMapping)
    }

    /// Python's `lower`.
    static func lowercased(_ text: TemplateString) -> TemplateString {
        text.mapScalars(\.properties.lowercaseMapping)
    }

    /// Python's `capitalize`.
    static func capitalized(_ text: TemplateString) -> TemplateString {
        var isInside = false
        return text.mapScalars { scalar in
            defer { isInside = true }
            return isInside ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        }
    }

    /// Python's `str.title`: a letter behind anything but a letter is upper case, the others lower case.
    static func titlecased(_ text: TemplateString) -> TemplateString {
        var isInside = false
        return text.mapScalars { scalar in
            let properties = scalar.properties
            defer { isInside = properties.isCased }
            return isInside ? properties.lowercaseMapping : properties.titlecaseMapping
        }
    }

    /// Jinja's `title` filter: words begin behind whitespace, `-` and opening brackets only.
    static func titleFiltered(_ text: TemplateString) -> TemplateString {
        var isInside = false
        return text.mapScalars { scalar in
            defer { isInside = !(isSpace(scalar) || ["-", "(", "{", "[", "<"].contains(scalar)) }
            return isInside ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        }
    }

    /// Python's `repr` of a string.
    static func quoted(_ text: TemplateString) -> TemplateString {
        let scalars = text.text.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        let inner = text.mapScalars { scalar in
            switch scalar {
            case "\\", quote: "\\" + String(scalar)
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case _ where isPrintable(scalar): String(scalar)
            default: escape(scalar)
            }
        }
        let mark = TemplateString(String(quote))
        return mark + inner + mark
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// The text without characters that are not ASCII.
    static func escaped(_ text: TemplateString) -> TemplateString {
        text.mapScalars { $0.isASCII ? String($0) : escape($0) }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case ..<0x100: "\\x" + hex(scalar.value, digits: 2)
        case ..<0x10000: "\\u" + hex(scalar.value, digits: 4)
        default: "\\U" + hex(scalar.value, digits: 8)
        }
    }

    /// What Python asks of all characters of a string, by the names of its methods.
    enum Kind: String {
        case isalnum, isalpha, isdecimal, isdigit, islower, isnumeric, isspace, isupper
    }

    /// Whether a text has characters, and all are of a kind; case is asked of those that have one.
    static func isAll(_ text: String, _ kind: Kind) -> Bool {
        let scalars = text.unicodeScalars
        switch kind {
        case .islower, .isupper:
            let isWrong: (Unicode.Scalar) -> Bool = { scalar in
                let properties = scalar.properties
                let isOther = kind == .islower ? properties.isUppercase : properties.isLowercase
                return isOther || properties.generalCategory == .titlecaseLetter
            }
            return !scalars.contains(where: isWrong)
                && scalars.contains { kind == .islower ? $0.properties.isLowercase : $0.properties.isUppercase }
        case .isalnum, .isalpha, .isdecimal, .isdigit, .isnumeric, .isspace:
            return !scalars.isEmpty && scalars.allSatisfy { isOne($0, kind) }
        }
    }

    private static func isOne(_ scalar: Unicode.Scalar, _ kind: Kind) -> Bool {
        let number = scalar.properties.numericType
        return switch kind {
        case .isalpha: isLetter(scalar)
        case .isdecimal: number == .decimal
        case .isdigit: number == .decimal || number == .digit
        case .isnumeric: number != nil
        case .isspace: isSpace(scalar)
        case .isalnum, .islower, .isupper: isLetter(scalar) || number != nil
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// A number in at least so many hexadecimal digits.
    static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Python's `repr` of a float: the shortest digits that read back as the same value, with an exponent below 1e-4
    /// and from 1e16 on.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        guard value != 0 else { return value.sign == .minus ? "-0.0" : "0.0" }
        // Swift's digits are the shortest as well; only the place of the point and the exponent differ.
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = mantissa[0]
        let all = Array(whole + (mantissa.count > 1 ? mantissa[1] : ""))
        let leadingZeros = all.prefix { $0 == "0" }.count
        var digits = Array(all[leadingZeros...])
        while digits.count > 1, digits.last == "0" {
            digits.removeLast()
        }
        // value = 0.digits * 10^point
        let point = whole.count - leadingZeros + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let sign = value < 0 ? "-" : ""
        if point > 16 || point < -3 {
            let exponent = point - 1
            let fraction = digits.count > 1 ? "." + String(digits[1...]) : ""
            let padding = exponent.magnitude < 10 ? "0" : ""
            return "\(sign)\(digits[0])\(fraction)e\(exponent < 0 ? "-" : "+")\(padding)\(exponent.magnitude)"
        }
        if point <= 0 {
            return sign + "0." + String(repeating: "0", count: -point) + String(digits)
        }
        let zeros = String(repeating: "0", count: max(0, point - digits.count))
        let fraction = point < digits.count ? String(digits[point...]) : "0"
        return sign + String(digits.prefix(point)) + zeros + "." + fraction
    }

    /// Python's `int(text)` in base 10; nil where the text is no such number.
    static func integer(_ text: String) throws(TemplateError) -> Int? {
        let digits = strip(TemplateString(text), nil).text
        guard isNumeral(digits, allowed: "+-0123456789_") else { return nil }
        let plain = digits.filter { $0 != "_" }
        let unsigned = plain.drop { $0 == "+" || $0 == "-" }
        guard plain.count - unsigned.count <= 1, !unsigned.isEmpty, !unsigned.contains(where: { "+-".contains($0) })
        else { return nil }
        guard let value = Int(plain) else { throw .limit("the number \(plain.prefix(32)) needs more than 64 bits") }
        return value
    }

    /// Python's `float(text)`; nil where the text is no such number.
    static func float(_ text: String) -> Double? {
        let digits = strip(TemplateString(text), nil).text
        let name = digits.lowercased().drop { $0 == "+" || $0 == "-" }
        guard isNumeral(digits, allowed: "+-.0123456789eE_") || ["inf", "infinity", "nan"].contains(name) else {
            return nil
        }
        return Double(digits.filter { $0 != "_" })
    }

    /// Whether a text has only the characters, with underscores only between digits.
    private static func isNumeral(_ text: String, allowed: String) -> Bool {
        let set = Set(allowed.utf8)
        guard text.utf8.allSatisfy(set.contains), text.utf8.first != UInt8(ascii: "_") else { return false }
        let bytes = Array(text.utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return bytes.indices.allSatisfy { index in
            bytes[index] != UInt8(ascii: "_")
                || index + 1 < bytes.count && digits.contains(bytes[index - 1]) && digits.contains(bytes[index + 1])
        }
    }
}
