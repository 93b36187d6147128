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
