/// JSON as Python's `json.dumps` writes it, which is what Hugging Face's `tojson` is.
struct TemplateJSON {
    /// Whether everything beyond ASCII is escaped.
    var isASCII = false
    /// What a level is indented by; nil keeps all on one line.
    var indent: TemplateString?
    var itemSeparator: TemplateString = ", "
    var keySeparator: TemplateString = ": "
    var sortsKeys = false

    /// A value as JSON.
    func text(of value: TemplateValue, _ meter: inout TemplateMeter) throws(TemplateError) -> TemplateString {
        var text = TemplateString()
        try write(value, level: 0, to: &text, &meter)
        return text
    }

    private func write(
        _ value: TemplateValue,
        level: Int,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        switch value {
        case .null: try meter.append("null", to: &text)
        case .boolean(let value): try meter.append(value ? "true" : "false", to: &text)
        case .integer(let value): try meter.append(TemplateString(String(value)), to: &text)
        case .float(let value): try meter.append(TemplateString(number(value)), to: &text)
        case .string(let value): try writeString(value, to: &text, &meter)
        case .list(let list):
            guard !list.elements.isEmpty else { return try meter.append("[]", to: &text) }
            try meter.append("[", to: &text)
            for (index, element) in list.elements.enumerated() {
                try startItem(index, level: level + 1, to: &text, &meter)
                try write(element, level: level + 1, to: &text, &meter)
            }
            try startLine(level: level, to: &text, &meter)
            try meter.append("]", to: &text)
        case .map(let map):
            guard !map.entries.isEmpty else { return try meter.append("{}", to: &text) }
            try meter.append("{", to: &text)
            for (index, entry) in try entries(of: map, &meter).enumerated() {
                try startItem(index, level: level + 1, to: &text, &meter)
                try writeString(try keyText(entry.key), to: &text, &meter)
                try meter.append(keySeparator, to: &text)
                try write(entry.value, level: level + 1, to: &text, &meter)
            }
            try startLine(level: level, to: &text, &meter)
            try meter.append("}", to: &text)
        case .undefined(let message):
            throw .evaluation("cannot be written as JSON: \(message)")
        case .object(let object):
            throw .evaluation("\(object.typeName) cannot be written as JSON")
        }
    }

    private func startItem(
        _ index: Int,
        level: Int,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        try meter.append(index == 0 ? "" : itemSeparator, to: &text)
        try startLine(level: level, to: &text, &meter)
    }

    private func startLine(
        level: Int,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        guard let indent else { return }
        try meter.append("\n", to: &text)
        for _ in 0..<level {
            try meter.append(indent, to: &text)
        }
    }

    private func entries(
        of map: TemplateMap,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> [TemplateMap.Entry] {
        guard sortsKeys else { return map.entries }
        let order = try TemplateOperators.sortedIndices(map.entries.map(\.key), isDescending: false, &meter)
        return order.map { map.entries[$0] }
    }

    private func keyText(_ key: TemplateValue) throws(TemplateError) -> TemplateString {
        switch key {
        case .string(let text): text
        case .integer(let value): TemplateString(String(value))
        case .float(let value): TemplateString(number(value))
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        case .undefined, .list, .map, .object: throw .evaluation("\(key.typeName) is no key of JSON")
        }
    }

    private func number(_ value: Double) -> String {
        guard value.isInfinite || value.isNaN else { return TemplateText.number(value) }
        return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private func writeString(
        _ value: TemplateString,
        to text: inout TemplateString,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) {
        try meter.spend(characterBytes: value.count)
        try meter.append("\"", to: &text)
        try meter.append(value.mapScalars(escaped), to: &text)
        try meter.append("\"", to: &text)
    }

    private func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{08}": return "\\b"
        case "\u{0C}": return "\\f"
        default:
            let text = String(scalar)
            guard scalar.value < 0x20 || isASCII && scalar.value >= 0x7F else { return text }
            return text.utf16.map { "\\u" + TemplateText.hex(UInt32($0), digits: 4) }.joined()
        }
    }
}
