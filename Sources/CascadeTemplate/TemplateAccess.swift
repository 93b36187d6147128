/// Attributes, subscripts and slices of values, with Jinja's fallback from one to the other.
enum TemplateAccess {
    /// Methods of Python's types that a template may name.
    private static let stringMethods: Set<String> = [
        "capitalize", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdecimal", "isdigit",
        "islower", "isnumeric", "isspace", "isupper", "join", "lower", "lstrip", "removeprefix", "removesuffix",
        "replace", "rfind", "rindex", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title",
        "upper",
    ]
    private static let mapMethods: Set<String> = ["copy", "fromkeys", "get", "items", "keys", "values"]
    /// Methods that change a map or list, which the sandbox hides.
    private static let changingMapMethods: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]
    private static let changingListMethods: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]

    /// `value.name`: a method where Python has one of that name, else the map's entry.
    static func attribute(
        _ name: String,
        of value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        if let method = try method(name, of: value) {
            return method
        }
        if case .list(let list) = value, let part = list.groupPart(name) { return part }
        guard case .map(let map) = value else { return missing(name, in: value) }
        try meter.spend(elements: map.entries.count)
        return map[.string(TemplateString(name))] ?? missing(name, in: value)
    }

    /// `value[key]`: the map's entry or the element, else, for a name, the method.
    static func element(
        _ key: TemplateValue,
        of value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined(let message):
            throw .evaluation(message)
        case .map(let map):
            try meter.spend(elements: map.entries.count)
            if let found = map[key] { return found }
        case .list(let list):
            if let index = key.index, let position = position(index, count: list.elements.count) {
                return list.elements[position]
            }
        case .string(let text):
            if let index = key.index {
                try meter.spend(bytes: text.count)
                let scalars = text.text.unicodeScalars
                guard let position = position(index, count: scalars.count) else { break }
                let place = scalars.index(scalars.startIndex, offsetBy: position)
                let start = text.text.utf8.distance(from: text.text.startIndex, to: place)
                return .string(text[start..<start + UTF8.width(scalars[place])])
            }
        case .null, .boolean, .integer, .float, .object:
            break
        }
        let name = try TemplatePrinter.text(of: key, &meter)
        if case .string = key, let method = try method(name.text, of: value) {
            return method
        }
        if case .string = key, case .list(let list) = value, let part = list.groupPart(name.text) { return part }
        return missing(name.text, in: value)
    }

    /// `value[start:stop:step]`.
    static func slice(
        _ value: TemplateValue,
        start: TemplateValue,
        stop: TemplateValue,
        step: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined(let message):
            throw .evaluation(message)
        case .list(let list):
            let indices = try indices(start, stop, step, count: list.elements.count)
            return try meter.list(indices.map { list.elements[$0] }, isTuple: list.isTuple)
        case .string(let text):
            try meter.spend(characterBytes: text.count)
            let scalars = text.scalars
            return .string(TemplateString(try indices(start, stop, step, count: scalars.count).map { scalars[$0] }))
        case .null, .boolean, .integer, .float, .map, .object:
            return .undefined("\(value.typeName) has no slices")
        }
    }

    /// Python's `slice.indices`.
    private static func indices(
        _ start: TemplateValue,
        _ stop: TemplateValue,
        _ step: TemplateValue,
        count: Int
    ) throws(TemplateError) -> StrideTo<Int> {
        let step = try bound(step) ?? 1
        guard step != 0 else { throw .evaluation("a slice's step is 0") }
        // Beyond the count a larger step changes nothing; this keeps the stride from overflowing.
        let stride = min(max(step, -count - 1), count + 1)
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        func clamped(_ value: Int?, default fallback: Int) -> Int {
            guard let value else { return fallback }
            return min(max(value < 0 ? max(value, -count - 1) + count : value, low), high)
        }
        return Swift.stride(
            from: clamped(try bound(start), default: step > 0 ? 0 : count - 1),
            to: clamped(try bound(stop), default: step > 0 ? count : -1),
            by: stride
        )
    }

    private static func bound(_ value: TemplateValue) throws(TemplateError) -> Int? {
        if case .null = value { return nil }
        guard let index = value.index else {
            throw .evaluation("a slice's bound must be an integer, not \(value.typeName)")
        }
        return index
    }

    private static func position(_ index: Int, count: Int) -> Int? {
        let position = index < 0 ? index + count : index
        return (0..<count).contains(position) ? position : nil
    }

    private static func method(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue? {
        let isMethod: Bool
        let isChanging: Bool
        switch value {
        case .undefined(let message):
            throw .evaluation(message)
        case .string:
            (isMethod, isChanging) = (stringMethods.contains(name), false)
        case .map:
            (isMethod, isChanging) = (mapMethods.contains(name), changingMapMethods.contains(name))
        case .list:
            (isMethod, isChanging) = (false, changingListMethods.contains(name))
        case .null, .boolean, .integer, .float, .object:
            return nil
        }
        if isChanging {
            return .undefined("'\(name)' would change \(value.typeName), which a template may not")
        }
        return isMethod ? .object(TemplateObject(kind: .method(name))) : nil
    }

    private static func missing(_ name: String, in value: TemplateValue) -> TemplateValue {
        .undefined("\(value.typeName) has no '\(name)'")
    }
}

/// The evaluated arguments of a call.
struct TemplateArguments {
    var positional: [TemplateValue] = []
    var keyword: [(name: String, value: TemplateValue)] = []

    /// The values of the named parameters, nil where one is not given; refuses what has no parameter.
    func bind(_ names: String...) throws(TemplateError) -> [TemplateValue?] {
        guard positional.count <= names.count else {
            throw .evaluation("\(positional.count) arguments, at most \(names.count)")
        }
        var values: [TemplateValue?] = positional
        values += Array(repeating: nil, count: names.count - positional.count)
        for (name, value) in keyword {
            guard let index = names.firstIndex(of: name) else { throw .unsupported("the argument '\(name)'") }
            guard values[index] == nil else { throw .evaluation("the argument '\(name)' is given twice") }
            values[index] = value
        }
        return values
    }
}

extension TemplateValue {
    /// The value as a string, where it is one.
    func string(_ what: String) throws(TemplateError) -> TemplateString {
        guard case .string(let text) = self else { throw .evaluation("\(what) must be a string, not \(typeName)") }
        return text
    }

    /// The value as an integer, where it is one.
    func integer(_ what: String) throws(TemplateError) -> Int {
        guard let index else { throw .evaluation("\(what) must be an integer, not \(typeName)") }
        return index
    }
}
