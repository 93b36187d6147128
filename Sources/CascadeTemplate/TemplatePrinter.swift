/// Values as text.
enum TemplatePrinter {
    /// Python's `str`: what `{{ }}` prints.
    static func text(of value: TemplateValue, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        if case .string(let text) = value { return text }
        var text = TemplateString()
        try write(value, to: &text, &meter)
        return text
    }

    /// Python's `repr`, or its `ascii`.
    static func quoted(
        _ value: TemplateValue,
        isASCII: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        var text = TemplateString()
        try writeQuoted(value, to: &text, &meter)
        guard isASCII else { return text }
        // One character becomes ten at most.
        try meter.reserve(text.count * 10)
        return TemplateText.escaped(text)
    }

    private static func write(
        _ value: TemplateValue,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        switch value {
        case .undefined: break
        case .null: try meter.append("None", to: &text)
        case .boolean(let value): try meter.append(value ? "True" : "False", to: &text)
        case .integer(let value): try meter.append(TemplateString(String(value)), to: &text)
        case .float(let value): try meter.append(TemplateString(TemplateText.number(value)), to: &text)
        case .string(let value): try meter.append(value, to: &text)
        case .list(let list):
            try meter.append(list.isTuple ? "(" : "[", to: &text)
            for (index, element) in list.elements.enumerated() {
                try meter.append(index == 0 ? "" : ", ", to: &text)
                try writeQuoted(element, to: &text, &meter)
            }
            let end: TemplateString = !list.isTuple ? "]" : list.elements.count == 1 ? ",)" : ")"
            try meter.append(end, to: &text)
        case .map(let map):
            try meter.append("{", to: &text)
            for (index, entry) in map.entries.enumerated() {
                try meter.append(index == 0 ? "" : ", ", to: &text)
                try writeQuoted(entry.key, to: &text, &meter)
                try meter.append(": ", to: &text)
                try writeQuoted(entry.value, to: &text, &meter)
            }
            try meter.append("}", to: &text)
        case .object(let object):
            throw .unsupported("printing \(object.typeName)")
        }
    }

    /// Python's `repr`: what stands inside lists and maps.
    private static func writeQuoted(
        _ value: TemplateValue,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        switch value {
        case .undefined:
            try meter.append("Undefined", to: &text)
        case .string(let value):
            try meter.spend(characterBytes: value.count)
            try meter.append(TemplateText.quoted(value), to: &text)
        default:
            try write(value, to: &text, &meter)
        }
    }
}
