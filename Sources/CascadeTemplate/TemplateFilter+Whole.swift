/// Filters that look at all elements together.
extension TemplateFilter {
    func applyToWhole(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .batch: try batched(value, arguments, &meter)
        case .dictsort: try dictSorted(value, arguments, &meter)
        case .groupby: try grouped(value, arguments, &meter)
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

    /// Lists of so many elements, the last one filled up where there is something to fill it with.
    private func batched(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("linecount", "fill_with")
        let size = try (bound[0] ?? .null).integer("batch's count")
        var (batches, batch): ([TemplateValue], [TemplateValue]) = ([], [])
        for element in try TemplateOperators.elements(of: value, &meter) {
            if batch.count == size {
                batches.append(try meter.list(batch))
                batch = []
            }
            batch.append(element)
        }
        guard !batch.isEmpty else { return try meter.list(batches) }
        if let fill = bound[1], batch.count < size, !fill.isNull {
            guard size <= TemplateLimits.elements else {
                throw .limit("a list of more than \(TemplateLimits.elements) elements")
            }
            batch += Array(repeating: fill, count: size - batch.count)
        }
        return try meter.list(batches + [try meter.list(batch)])
    }

    /// Tuples of an attribute's value, as the first element has it, and the elements that share it; in the order of the
    /// values.
    private func grouped(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("attribute", "default", "case_sensitive")
        guard let name = bound[0] else { throw .evaluation("groupby needs an attribute") }
        let elements = try TemplateOperators.elements(of: value, &meter)
        var (own, keys): ([TemplateValue], [TemplateValue]) = ([], [])
        for element in elements {
            var key = try attribute(name, of: element, &meter)
            if case .undefined = key { key = bound[1] ?? key }
            own.append(key)
            keys.append(try folded(key, isCaseSensitive: bound[2]?.isTrue ?? false, &meter))
        }
        var groups: [(first: Int, elements: [TemplateValue])] = []
        for index in try TemplateOperators.sortedIndices(keys, isDescending: false, &meter) {
            if let last = groups.last, try TemplateOperators.equal(keys[last.first], keys[index], &meter) {
                groups[groups.count - 1].elements.append(elements[index])
            } else {
                groups.append((index, [elements[index]]))
            }
        }
        var tuples: [TemplateValue] = []
        for group in groups {
            tuples.append(try meter.group(own[group.first], try meter.list(group.elements)))
        }
        return try meter.list(tuples)
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
