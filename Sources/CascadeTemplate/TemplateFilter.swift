/// Jinja's filters, as far as chat templates use them.
///
/// Where Jinja gives a generator, these give a list. `safe` gives its value: Jinja would escape for HTML what is added
/// to it, which no prompt wants.
enum TemplateFilter: String {
    case abs, batch, capitalize, count, d, `default`, dictsort, first, float, format, groupby, indent, int, items, join
    case last, length, list, lower, map, max, min, reject, rejectattr, replace, reverse, round, safe, select, selectattr
    case sort, string, sum, title, tojson, trim, unique, upper

    /// The filter of a name.
    static func named(_ name: String) throws(TemplateError) -> TemplateFilter {
        guard let filter = TemplateFilter(rawValue: name) else { throw .unsupported("the filter '\(name)'") }
        return filter
    }

    /// The filtered value. Not inlined: what filters need of the stack is not for every evaluation to pay.
    @inline(never)
    func apply(
        to value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .capitalize, .format, .indent, .lower, .replace, .string, .title, .trim, .upper:
            try applyToText(value, arguments, &meter)
        case .count, .first, .items, .join, .last, .length, .list, .reverse, .sort, .unique:
            try applyToSequence(value, arguments, &meter)
        case .batch, .dictsort, .groupby, .max, .min, .sum:
            try applyToWhole(value, arguments, &meter)
        case .map, .reject, .rejectattr, .select, .selectattr:
            try applyToEach(value, arguments, &meter)
        case .tojson:
            try json(value, arguments, &meter)
        case .abs, .d, .default, .float, .int, .round, .safe:
            try applyToPlain(value, arguments, &meter)
        }
    }

    // MARK: Plain values

    private func applyToPlain(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .abs:
            _ = try arguments.bind()
            let isNegative = (value.number ?? 0) < 0
            return try TemplateOperators.signed(value, isNegative: isNegative)
        case .d, .default:
            let bound = try arguments.bind("default_value", "boolean")
            let fallback = bound[0] ?? .string("")
            if case .undefined = value { return fallback }
            return bound[1]?.isTrue == true && !value.isTrue ? fallback : value
        case .int:
            let bound = try arguments.bind("default")
            return try integer(value) ?? bound[0] ?? .integer(0)
        case .float:
            let bound = try arguments.bind("default")
            return try float(value) ?? bound[0] ?? .float(0)
        case .round:
            return try TemplateRounding.round(value, arguments, &meter)
        default:
            _ = try arguments.bind()
            return value
        }
    }

    private func integer(_ value: TemplateValue) throws(TemplateError) -> TemplateValue? {
        var float: Double?
        switch value {
        case .undefined(let message): throw .evaluation(message)
        case .boolean, .integer: return value.index.map { .integer($0) }
        case .float(let value):
            guard !value.isInfinite else { throw .evaluation("an infinite float has no integer") }
            float = value
        case .string(let text):
            if let integer = try TemplateText.integer(text.text) { return .integer(integer) }
            float = TemplateText.float(text.text)
        case .null, .list, .map, .object: return nil
        }
        guard let float, float.isFinite else { return nil }
        guard let integer = Int(exactly: float.rounded(.towardZero)) else {
            throw .limit("an integer of more than 64 bits")
        }
        return .integer(integer)
    }

    private func float(_ value: TemplateValue) throws(TemplateError) -> TemplateValue? {
        switch value {
        case .undefined(let message): throw .evaluation(message)
        case .string(let text): TemplateText.float(text.text).map { .float($0) }
        default: value.number.map { .float($0) }
        }
    }

    // MARK: JSON

    /// Hugging Face's `tojson`: `json.dumps` without the escapes for HTML that Jinja's own filter adds.
    private func json(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("ensure_ascii", "indent", "separators", "sort_keys")
        var json = TemplateJSON()
        json.isASCII = bound[0]?.isTrue ?? false
        switch bound[1] ?? .null {
        case .null:
            break
        case .string(let indent):
            json.indent = indent
        case let indent:
            let width = Swift.max(0, try indent.integer("tojson's indent"))
            try meter.reserve(width)
            json.indent = TemplateString(String(repeating: " ", count: width))
        }
        if json.indent != nil {
            json.itemSeparator = ","
        }
        if let separators = bound[2], case .list(let pair) = separators {
            guard pair.elements.count == 2 else { throw .evaluation("tojson's separators must be two") }
            json.itemSeparator = try pair.elements[0].string("tojson's separator")
            json.keySeparator = try pair.elements[1].string("tojson's separator")
        }
        json.sortsKeys = bound[3]?.isTrue ?? false
        return .string(try json.text(of: value, &meter))
    }
}

/// Filters of text; what is no text is printed first, as in Jinja.
extension TemplateFilter {
    func applyToText(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let text = try TemplatePrinter.text(of: value, &meter)
        try meter.spend(characterBytes: text.count)
        switch self {
        case .format:
            guard arguments.positional.isEmpty || arguments.keyword.isEmpty else {
                throw .evaluation("format takes values with names or without, not both")
            }
            let values = arguments.keyword.map { (TemplateValue.string(TemplateString($0.name)), $0.value) }
            let value =
                values.isEmpty ? try meter.list(arguments.positional, isTuple: true) : try meter.map(values)
            return .string(try TemplatePercent.text(text, value, &meter))
        case .indent:
            return .string(try indented(text, arguments, &meter))
        case .replace:
            return .string(try TemplateMethods.replaced(text, arguments, &meter))
        case .trim:
            return .string(try TemplateMethods.stripped(text, arguments, &meter))
        default:
            _ = try arguments.bind()
            return .string(cased(text))
        }
    }

    private func cased(_ text: TemplateString) -> TemplateString {
        switch self {
        case .capitalize: TemplateText.capitalized(text)
        case .lower: TemplateText.lowercased(text)
        case .title: TemplateText.titleFiltered(text)
        case .upper: TemplateText.uppercased(text)
        default: text
        }
    }

    private func indented(
        _ text: TemplateString,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        let bound = try arguments.bind("width", "first", "blank")
        let indent: TemplateString
        if case .string(let text)? = bound[0] {
            indent = text
        } else {
            let width = Swift.max(0, try (bound[0] ?? .integer(4)).integer("indent's width"))
            try meter.reserve(width)
            indent = TemplateString(String(repeating: " ", count: width))
        }
        let indentsFirst = bound[1]?.isTrue ?? false
        let indentsBlank = bound[2]?.isTrue ?? false
        var result = TemplateString()
        // Jinja adds the newline too, so that a trailing line end stays.
        let closed = text + "\n"
        for (index, line) in try TemplateText.lines(of: closed.text).enumerated() {
            let isIndented = index == 0 ? indentsFirst : indentsBlank || !line.isEmpty
            if index > 0 { try meter.append("\n", to: &result) }
            if isIndented { try meter.append(indent, to: &result) }
            try meter.append(closed[line], to: &result)
        }
        return result
    }
}
