/// Filters that look at all elements together.
extension TemplateFilter {
    func applyToWhole(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .dictsort: try dictSorted(value, arguments, &meter)
        case .sum: try sum(value, arguments, &meter)
        default: try extreme(value, arguments, &meter)
        }
    }

    private func dictSorted(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("case_sensitive", "by", "reverse")
        guard case .map(let map) = value else { throw .evaluation("dictsort needs a map, not \(value.typeName)") }
        let by = try (bound[1] ?? .string("key")).string("what dictsort sorts by").text
        guard ["key", "value"].contains(by) else {
            throw .evaluation("dictsort sorts by 'key' or 'value', not '\(by)'")
        }
        var keys: [TemplateValue] = []
        for entry in map.entries {
            let key = by == "key" ? entry.key : entry.value
            keys.append(try folded(key, isCaseSensitive: bound[0]?.isTrue ?? false, &meter))
        }
        let order = try TemplateOperators.sortedIndices(keys, isDescending: bound[2]?.isTrue ?? false, &meter)
        var pairs: [TemplateValue] = []
        for index in order {
            pairs.append(try meter.list([map.entries[index].key, map.entries[index].value], isTuple: true))
        }
        return try meter.list(pairs)
    }

    private func sum(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("attribute", "start")
        var sum = bound[1] ?? .integer(0)
        if case .string = sum { throw .evaluation("sum does not add strings; join does") }
        for element in try TemplateOperators.elements(of: value, &meter) {
            sum = try TemplateOperators.apply(.add, sum, try attribute(bound[0], of: element, &meter), &meter)
        }
        return sum
    }

    /// The least or the greatest element, the first of equal ones.
    private func extreme(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("case_sensitive", "attribute")
        var best: (element: TemplateValue, key: TemplateValue)?
        for element in try TemplateOperators.elements(of: value, &meter) {
            let own = try attribute(bound[1], of: element, &meter)
            let key = try folded(own, isCaseSensitive: bound[0]?.isTrue ?? false, &meter)
            guard let found = best else {
                best = (element, key)
                continue
            }
            let order = try TemplateOperators.order(key, found.key, &meter) ?? 0
            if self == .min ? order < 0 : order > 0 { best = (element, key) }
        }
        return best?.element ?? .undefined("no \(rawValue) item, the sequence is empty")
    }

    /// What a value is compared by: strings in lower case unless case counts.
    func folded(
        _ key: TemplateValue,
        isCaseSensitive: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        guard !isCaseSensitive, case .string(let text) = key else { return key }
        try meter.spend(characterBytes: text.count)
        return .string(TemplateString(text.text.lowercased()))
    }
}
