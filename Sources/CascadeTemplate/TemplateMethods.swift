/// The methods of Python's strings and maps that templates call. None of them changes its value: the sandbox forbids
/// it.
enum TemplateMethods {
    /// Whether a method call is answered here; everything else is an attribute that is called.
    static func hasMethods(_ value: TemplateValue) -> Bool {
        switch value {
        case .string, .map: true
        default: false
        }
    }

    /// `value.name(arguments)`; nil where the value has no such method.
    static func call(
        _ name: String,
        on value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue? {
        switch value {
        case .string(let text):
            return try call(name, on: text, arguments, &meter)
        case .map(let map):
            return try call(name, on: map, arguments, &meter)
        default:
            return nil
        }
    }

    // MARK: Maps

    private static func call(
        _ name: String,
        on map: TemplateMap,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue? {
        try meter.spend(elements: map.entries.count)
        switch name {
        case "get":
            let bound = try arguments.bind("key", "default")
            guard let key = bound[0] else { throw .evaluation("get needs a key") }
            return map[key] ?? bound[1] ?? TemplateValue.null
        case "items":
            _ = try arguments.bind()
            return try items(of: .map(map), &meter)
        case "keys":
            _ = try arguments.bind()
            return try meter.list(map.entries.map(\.key))
        case "values":
            _ = try arguments.bind()
            return try meter.list(map.entries.map(\.value))
        default:
            return nil
        }
    }

    /// A map's entries as tuples; none of an undefined value.
    static func items(
        of value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined:
            return try meter.list([])
        case .map(let map):
            var pairs: [TemplateValue] = []
            for entry in map.entries {
                pairs.append(try meter.list([entry.key, entry.value], isTuple: true))
            }
            return try meter.list(pairs)
        default:
            throw .evaluation("items needs a map, not \(value.typeName)")
        }
    }

    // MARK: Strings

    private static func call(
        _ name: String,
        on text: TemplateString,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "strip", "lstrip", "rstrip":
            return .string(
                try stripped(text, arguments, left: name != "rstrip", right: name != "lstrip", &meter)
            )
        case "startswith", "endswith":
            guard let affix = try arguments.bind("affix")[0] else { throw .evaluation("\(name) needs a string") }
            return .boolean(try has(text, affix, atEnd: name == "endswith", &meter))
        case "split", "rsplit":
            return try split(text, arguments, fromEnd: name == "rsplit", &meter)
        case "format":
            return .string(try TemplateBraces.text(text, arguments, &meter))
        case "splitlines":
            _ = try arguments.bind()
            try meter.spend(characterBytes: text.count)
            return try meter.list(try TemplateText.lines(of: text.text).map { .string(text[$0]) })
        case "replace":
            return .string(try replaced(text, arguments, &meter))
        case "join":
            return .string(try joined(text, arguments, &meter))
        case "find", "rfind", "index", "rindex", "count":
            return try searched(text.text, arguments, name, &meter)
        case "removeprefix", "removesuffix":
            return .string(try removed(text, arguments, atEnd: name == "removesuffix", &meter))
        case "upper", "lower", "title", "capitalize":
            _ = try arguments.bind()
            try meter.spend(characterBytes: text.count)
            return .string(cased(text, name))
        default:
            guard let kind = TemplateText.Kind(rawValue: name) else { return nil }
            _ = try arguments.bind()
            try meter.spend(characterBytes: text.count)
            return .boolean(TemplateText.isAll(text.text, kind))
        }
    }

    /// `find`, `rfind`, `index`, `rindex` and `count`, without bounds.
    private static func searched(
        _ text: String,
        _ arguments: TemplateArguments,
        _ name: String,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let needle = Array(try (try arguments.bind("sub")[0] ?? .null).string("what to find").text.utf8)
        try meter.spend(bytes: text.utf8.count)
        let bytes = Array(text.utf8)
        guard !needle.isEmpty else {
            let length = text.unicodeScalars.count
            return .integer(name == "count" ? length + 1 : name.hasPrefix("r") ? length : 0)
        }
        if name == "count" {
            return .integer(TemplateText.occurrences(of: needle, in: bytes, limit: .max).count)
        }
        let fromEnd = name.hasPrefix("r")
        guard let offset = TemplateText.occurrences(of: needle, in: bytes, limit: 1, fromEnd: fromEnd).first else {
            if name.hasSuffix("index") { throw .evaluation("substring not found") }
            return .integer(-1)
        }
        return .integer(String(decoding: bytes[..<offset], as: UTF8.self).unicodeScalars.count)
    }

    private static func removed(
        _ text: TemplateString,
        _ arguments: TemplateArguments,
        atEnd: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        guard let affix = try arguments.bind("affix")[0] else { throw .evaluation("an affix is missing") }
        guard try has(text, affix, atEnd: atEnd, &meter) else { return text }
        let count = try affix.string("the affix").count
        return atEnd ? text[0..<text.count - count] : text[count..<text.count]
    }

    /// `strip(characters)`: method and filter.
    static func stripped(
        _ text: TemplateString,
        _ arguments: TemplateArguments,
        left: Bool = true,
        right: Bool = true,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        try meter.spend(characterBytes: text.count)
        let characters = try arguments.bind("chars")[0] ?? .null
        if case .null = characters { return TemplateText.strip(text, nil, left: left, right: right) }
        let set = try characters.string("the characters to strip").text
        try meter.spend(elements: set.utf8.count)
        return TemplateText.strip(text, set, left: left, right: right)
    }

    private static func cased(_ text: TemplateString, _ name: String) -> TemplateString {
        switch name {
        case "upper": TemplateText.uppercased(text)
        case "lower": TemplateText.lowercased(text)
        case "title": TemplateText.titlecased(text)
        default: TemplateText.capitalized(text)
        }
    }

    private static func has(
        _ text: TemplateString,
        _ affix: TemplateValue,
        atEnd: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        if case .list(let choices) = affix, choices.isTuple {
            for choice in choices.elements {
                try meter.spend()
                if try has(text, .string(try choice.string("what to look for")), atEnd: atEnd, &meter) { return true }
            }
            return false
        }
        let affix = try affix.string("what to look for").text.utf8
        let bytes = text.text.utf8
        try meter.spend(bytes: min(affix.count, bytes.count))
        return atEnd ? bytes.reversed().starts(with: affix.reversed()) : bytes.starts(with: affix)
    }

    private static func split(
        _ text: TemplateString,
        _ arguments: TemplateArguments,
        fromEnd: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("sep", "maxsplit")
        let limit = try count(bound[1], "maxsplit")
        try meter.spend(characterBytes: text.count)
        let parts: [Range<Int>]
        if case .null = bound[0] ?? .null {
            parts = try TemplateText.words(of: text.text, limit: limit, fromEnd: fromEnd)
        } else {
            let separator = try (bound[0] ?? .null).string("the separator").text
            guard !separator.isEmpty else { throw .evaluation("the separator is empty") }
            parts = try TemplateText.split(text.text, at: separator, limit: limit, fromEnd: fromEnd)
        }
        return try meter.list(parts.map { .string(text[$0]) })
    }

    private static func joined(
        _ separator: TemplateString,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        guard let items = try arguments.bind("iterable")[0] else { throw .evaluation("join needs a list") }
        var result = TemplateString()
        for (index, item) in try TemplateOperators.elements(of: items, &meter).enumerated() {
            try meter.append(index == 0 ? "" : separator, to: &result)
            try meter.append(try item.string("an item to join"), to: &result)
        }
        return result
    }

    /// `replace(old, new, count)`: method and filter.
    static func replaced(
        _ text: TemplateString,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        let bound = try arguments.bind("old", "new", "count")
        guard let old = bound[0], let new = bound[1] else { throw .evaluation("replace needs an old and a new text") }
        let needle = Array(try TemplatePrinter.text(of: old, &meter).text.utf8)
        let newText = try TemplatePrinter.text(of: new, &meter)
        let limit = try count(bound[2], "replace's count")
        try meter.spend(bytes: text.count)
        let bytes = Array(text.text.utf8)
        let offsets =
            needle.isEmpty
            ? TemplateText.boundaries(of: text.text, limit: limit)
            : TemplateText.occurrences(of: needle, in: bytes, limit: limit)
        guard !offsets.isEmpty else { return text }
        let (added, overflow) = offsets.count.multipliedReportingOverflow(by: newText.count)
        try meter.reserve(overflow ? .max : added + bytes.count - offsets.count * needle.count)
        try meter.spend(elements: offsets.count)
        var result = TemplateString()
        var start = 0
        for offset in offsets {
            result.append(text[start..<offset])
            result.append(newText)
            start = offset + needle.count
        }
        result.append(text[start..<bytes.count])
        return result
    }

    /// How often at most: none and negative numbers mean without limit.
    private static func count(_ value: TemplateValue?, _ what: String) throws(TemplateError) -> Int {
        if case .null = value ?? .null { return .max }
        let count = try (value ?? .null).integer(what)
        return count < 0 ? .max : count
    }
}
