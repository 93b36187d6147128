/// Filters of lists, maps and whatever else can be iterated.
extension TemplateFilter {
    func applyToSequence(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .join: return try joined(value, arguments, &meter)
        case .sort: return try sorted(value, arguments, &meter)
        case .unique: return try uniqued(value, arguments, &meter)
        default: _ = try arguments.bind()
        }
        switch self {
        case .items:
            return try TemplateMethods.items(of: value, &meter)
        case .length, .count:
            return .integer(try length(of: value, &meter))
        case .reverse:
            if case .string(let text) = value {
                try meter.spend(characterBytes: text.count)
                return .string(TemplateString(text.scalars.reversed()))
            }
            return try meter.list(try TemplateOperators.elements(of: value, &meter).reversed())
        case .first, .last:
            if case .string = value, value.isTrue {
                return try TemplateAccess.element(.integer(self == .first ? 0 : -1), of: value, &meter)
            }
            let elements = try TemplateOperators.elements(of: value, &meter)
            return (self == .first ? elements.first : elements.last)
                ?? .undefined("no \(rawValue) item, the sequence is empty")
        default:
            return try meter.list(try TemplateOperators.elements(of: value, &meter))
        }
    }

    private func length(
        of value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Int {
        switch value {
        case .undefined: return 0
        case .list(let list): return list.elements.count
        case .map(let map): return map.entries.count
        case .string(let text):
            try meter.spend(bytes: text.count)
            return text.text.unicodeScalars.count
        case .null, .boolean, .integer, .float, .object:
            throw .evaluation("\(value.typeName) has no length")
        }
    }

    private func joined(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("d", "attribute")
        let separator = try TemplatePrinter.text(of: bound[0] ?? .string(""), &meter)
        var result = TemplateString()
        for (index, element) in try TemplateOperators.elements(of: value, &meter).enumerated() {
            try meter.append(index == 0 ? "" : separator, to: &result)
            let item = try attribute(bound[1], of: element, &meter)
            try meter.append(try TemplatePrinter.text(of: item, &meter), to: &result)
        }
        return .string(result)
    }

    private func sorted(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("reverse", "case_sensitive", "attribute")
        let elements = try TemplateOperators.elements(of: value, &meter)
        let keys = try keys(of: elements, attribute: bound[2], isCaseSensitive: bound[1]?.isTrue ?? false, &meter)
        // Jinja compares lists of one key, in which equal keys need no order: two undefined ones are equal.
        let lists = keys.map { TemplateValue.list(TemplateList([$0])) }
        let order = try TemplateOperators.sortedIndices(lists, isDescending: bound[0]?.isTrue ?? false, &meter)
        return try meter.list(order.map { elements[$0] })
    }

    private func uniqued(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("case_sensitive", "attribute")
        let elements = try TemplateOperators.elements(of: value, &meter)
        let keys = try keys(of: elements, attribute: bound[1], isCaseSensitive: bound[0]?.isTrue ?? false, &meter)
        var seen: [TemplateValue] = []
        var result: [TemplateValue] = []
        for (element, key) in zip(elements, keys) {
            var isKnown = false
            for other in seen where !isKnown {
                isKnown = try TemplateOperators.equal(other, key, &meter)
            }
            if !isKnown {
                seen.append(key)
                result.append(element)
            }
        }
        return try meter.list(result)
    }

    /// What to sort or compare the elements by; strings in lower case unless case counts.
    private func keys(
        of elements: [TemplateValue],
        attribute name: TemplateValue?,
        isCaseSensitive: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> [TemplateValue] {
        var keys: [TemplateValue] = []
        for element in elements {
            let key = try attribute(name, of: element, &meter)
            keys.append(try folded(key, isCaseSensitive: isCaseSensitive, &meter))
        }
        return keys
    }

    // MARK: Each element

    func applyToEach(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        // `map` may name itself, once for each argument.
        try meter.enter()
        defer { meter.leave() }
        // Jinja asks first whether there is anything: none has no elements, but no error either.
        let elements = value.isTrue ? try TemplateOperators.elements(of: value, &meter) : []
        var result: [TemplateValue] = []
        if self == .map {
            let mapping = try mapping(arguments)
            for element in elements {
                result.append(try mapping.apply(to: element, by: self, &meter))
            }
        } else {
            let selection = try selection(arguments)
            for element in elements where try selection.keeps(element, by: self, &meter) {
                result.append(element)
            }
        }
        return try meter.list(result)
    }

    /// What `map` does with an element.
    private struct Mapping {
        var attribute: TemplateValue?
        var fallback: TemplateValue?
        var filter: TemplateFilter?
        var arguments = TemplateArguments()

        func apply(
            to element: TemplateValue,
            by map: TemplateFilter,
            _ meter: inout TemplateMeter
        ) throws(TemplateError) -> TemplateValue {
            if let filter {
                return try filter.apply(to: element, arguments, &meter)
            }
            let value = try map.attribute(attribute, of: element, &meter)
            if let fallback, case .undefined = value { return fallback }
            return value
        }
    }

    private func mapping(_ arguments: TemplateArguments) throws(TemplateError) -> Mapping {
        guard let name = arguments.positional.first else {
            let bound = try arguments.bind("attribute", "default")
            guard let attribute = bound[0] else { throw .evaluation("map needs a filter or an attribute") }
            return Mapping(attribute: attribute, fallback: bound[1])
        }
        var rest = arguments
        rest.positional.removeFirst()
        return Mapping(filter: try TemplateFilter.named(try name.string("map's filter").text), arguments: rest)
    }

    /// What `select` and its kin ask of an element.
    private struct Selection {
        var attribute: TemplateValue?
        var test: TemplateTest?
        var arguments = TemplateArguments()
        var isNegated = false

        func keeps(
            _ element: TemplateValue,
            by filter: TemplateFilter,
            _ meter: inout TemplateMeter
        ) throws(TemplateError) -> Bool {
            let value = try filter.attribute(attribute, of: element, &meter)
            let isTrue = try test?.holds(for: value, arguments, &meter) ?? value.isTrue
            return isTrue != isNegated
        }
    }

    private func selection(_ arguments: TemplateArguments) throws(TemplateError) -> Selection {
        var selection = Selection(isNegated: self == .reject || self == .rejectattr)
        var rest = arguments
        if self == .selectattr || self == .rejectattr {
            guard !rest.positional.isEmpty else { throw .evaluation("\(rawValue) needs an attribute") }
            selection.attribute = rest.positional.removeFirst()
        }
        if !rest.positional.isEmpty {
            selection.test = try TemplateTest.named(try rest.positional.removeFirst().string("the test").text)
        }
        selection.arguments = rest
        return selection
    }

    /// An element's attribute: a key, an index or a path with dots; the element itself where there is no name.
    func attribute(
        _ name: TemplateValue?,
        of element: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        try meter.spend()
        switch name ?? .null {
        case .null:
            return element
        case .string(let path):
            let path = path.text
            guard !path.utf8.contains(UInt8(ascii: ",")) else { throw .unsupported("a list of attributes") }
            var value = element
            for part in path.split(separator: ".", omittingEmptySubsequences: false) {
                let isIndex = !part.isEmpty && part.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
                let key = isIndex ? Int(part).map { TemplateValue.integer($0) } : nil
                value = try TemplateAccess.element(key ?? .string(TemplateString(String(part))), of: value, &meter)
            }
            return value
        case let key:
            return try TemplateAccess.element(key, of: element, &meter)
        }
    }
}
