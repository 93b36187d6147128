/// How a value is written into a text: what Python's `%` and `format` have in common.
struct TemplateFormatSpec {
    /// Where the characters go that a value lacks.
    enum Alignment {
        case left, right, center
        /// Between a number's sign and its digits.
        case behindSign
    }

    /// What fills the width.
    var fill: TemplateString = " "
    /// nil is the type's own.
    var alignment: Alignment?
    /// What stands in front of a number that is not negative.
    var sign = ""
    /// Python's `#`: prefixes, points and zeros that could be left out.
    var isAlternate = false
    /// Least characters.
    var width = 0
    /// What stands between groups of digits.
    var grouping = ""
    /// Digits behind the point, digits at all, or characters of a text.
    var precision: Int?

    // MARK: Text

    /// A text, cut to the precision.
    func text(_ text: TemplateString, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        guard let precision else { return try padded("", text, .left, &meter) }
        try meter.spend(characterBytes: text.count)
        let bytes = text.text.unicodeScalars.prefix(precision).reduce(0) { $0 + UTF8.width($1) }
        return try padded("", text[0..<bytes], .left, &meter)
    }

    /// Fills the width.
    private func padded(
        _ head: String,
        _ body: TemplateString,
        _ own: Alignment,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        let text = TemplateString(head) + body
        guard width > 0 else { return text }
        try meter.spend(characterBytes: text.count)
        let missing = width - text.text.unicodeScalars.count
        guard missing > 0 else { return text }
        let (bytes, isOver) = missing.multipliedReportingOverflow(by: fill.count)
        try meter.reserve(isOver ? .max : bytes)
        try meter.reserve(bytes + text.count)
        switch alignment ?? own {
        case .left: return text + fill.repeated(missing)
        case .right: return fill.repeated(missing) + text
        case .center: return fill.repeated(missing / 2) + text + fill.repeated(missing - missing / 2)
        case .behindSign: return TemplateString(head) + fill.repeated(missing) + body
        }
    }

    // MARK: Numbers

    /// An integer in a base; the precision is its least digits.
    func integer(
        _ value: Int,
        radix: Int,
        isUppercase: Bool = false,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        var digits = String(value.magnitude, radix: radix, uppercase: isUppercase)
        let missing = max(0, (precision ?? 0) - digits.utf8.count)
        try meter.reserve(missing)
        digits = String(repeating: "0", count: missing) + digits
        let prefixes = [2: "0b", 8: "0o", 16: isUppercase ? "0X" : "0x"]
        let prefix = isAlternate ? prefixes[radix] ?? "" : ""
        return try number(
            (value < 0 ? "-" : sign) + prefix,
            grouped(digits, every: radix == 10 ? 3 : 4),
            &meter
        )
    }

    /// How a float is written.
    enum FloatStyle {
        case fixed, scientific, general
        /// As `general`, with a digit behind the point in any case; without a precision the shortest that reads back
        /// the same.
        case plain
    }

    /// A float.
    func float(
        _ value: Double,
        _ style: FloatStyle,
        isUppercase: Bool = false,
        suffix: String = "",
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        let head = value.sign == .minus && !value.isNaN ? "-" : sign
        guard value.isFinite else {
            let name = value.isNaN ? "nan" : "inf"
            return try number(head, (isUppercase ? name.uppercased() : name) + suffix, &meter)
        }
        if style == .plain, precision == nil {
            return try number(head, grouped(TemplateText.number(value.magnitude)) + suffix, &meter)
        }
        let precision = precision ?? 6
        try meter.reserve(precision)
        // The exact digits of a float that is very large or small take some hundred multiplications of long numbers.
        try meter.spend(32)
        let digits = digits(TemplateDecimal(value), style, precision, isUppercase)
        return try number(head, grouped(digits) + suffix, &meter)
    }

    private func digits(
        _ decimal: TemplateDecimal,
        _ style: FloatStyle,
        _ precision: Int,
        _ isUppercase: Bool
    ) -> String {
        switch style {
        case .fixed:
            let point = isAlternate && precision == 0 ? "." : ""
            return decimal.rounded(places: precision).fixed(places: precision) + point
        case .scientific:
            let text = decimal.rounded(count: precision + 1).scientific(places: precision, isUppercase: isUppercase)
            guard isAlternate, precision == 0 else { return text }
            return text.prefix(1) + "." + text.dropFirst()
        case .general, .plain:
            let precision = max(1, precision)
            let rounded = decimal.rounded(count: precision)
            let last = isAlternate ? precision : rounded.count
            guard rounded.exponent >= -4, rounded.exponent < precision - (style == .plain ? 1 : 0) else {
                return rounded.scientific(places: last - 1, isUppercase: isUppercase)
            }
            let places = max(style == .plain ? 1 : 0, last - 1 - rounded.exponent)
            return rounded.fixed(places: places) + (isAlternate && places == 0 ? "." : "")
        }
    }

    private func number(
        _ head: String,
        _ digits: String,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        if alignment == .behindSign, !grouping.isEmpty, width > head.utf8.count + digits.utf8.count {
            throw .unsupported("a width filled behind the sign together with groups of digits")
        }
        return try padded(head, TemplateString(digits), .right, &meter)
    }

    /// The digits in front of the point in groups.
    private func grouped(_ digits: String, every size: Int = 3) -> String {
        guard !grouping.isEmpty else { return digits }
        let whole = digits.prefix { $0 != "." && $0 != "e" && $0 != "E" || size == 4 }
        var result = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % size == 0 { result += grouping }
            result.append(digit)
        }
        return result + digits.dropFirst(whole.count)
    }
}
