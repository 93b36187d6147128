/// Python's comparisons: equality, order, containment.
enum TemplateOperators {
    /// Equality of the values that may be keys; everything else is unequal.
    static func sameKey(_ first: TemplateValue, _ second: TemplateValue) -> Bool {
        switch (first, second) {
        case (.string(let first), .string(let second)): return TemplateText.same(first.text, second.text)
        case (.null, .null): return true
        default:
            if let first = first.index, let second = second.index { return first == second }
            guard let first = first.number, let second = second.number else { return false }
            return first == second
        }
    }

    /// `==`.
    static func equal(
        _ first: TemplateValue,
        _ second: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        try meter.spend()
        switch (first, second) {
        case (.undefined, .undefined):
            return true
        case (.string(let first), .string(let second)):
            try meter.spend(bytes: min(first.count, second.count))
            return TemplateText.same(first.text, second.text)
        case (.list(let first), .list(let second)):
            guard first.isTuple == second.isTuple, first.elements.count == second.elements.count else { return false }
            for (first, second) in zip(first.elements, second.elements) {
                guard try equal(first, second, &meter) else { return false }
            }
            return true
        case (.map(let first), .map(let second)):
            guard first.entries.count == second.entries.count else { return false }
            for entry in first.entries {
                try meter.spend(elements: second.entries.count)
                guard let value = second[entry.key], try equal(entry.value, value, &meter) else { return false }
            }
            return true
        case (.object(let first), .object(let second)):
            return first.kind == second.kind
        default:
            return sameKey(first, second)
        }
    }

    /// Python's order: negative, 0 or positive; nil where one of the values is not a number of any order.
    static func order(
        _ first: TemplateValue,
        _ second: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Int? {
        try meter.spend()
        switch (first, second) {
        case (.undefined(let message), _), (_, .undefined(let message)):
            throw .evaluation(message)
        case (.string(let first), .string(let second)):
            try meter.spend(bytes: min(first.count, second.count))
            // The order of UTF-8 bytes is that of the scalars.
            guard !TemplateText.same(first.text, second.text) else { return 0 }
            return first.text.utf8.lexicographicallyPrecedes(second.text.utf8) ? -1 : 1
        case (.list(let first), .list(let second)) where first.isTuple == second.isTuple:
            for (first, second) in zip(first.elements, second.elements) {
                guard try equal(first, second, &meter) else { return try order(first, second, &meter) }
            }
            return first.elements.count - second.elements.count
        default:
            if let first = first.index, let second = second.index {
                return first == second ? 0 : first < second ? -1 : 1
            }
            guard let firstNumber = first.number, let secondNumber = second.number else {
                throw .evaluation("\(first.typeName) and \(second.typeName) have no order")
            }
            guard !firstNumber.isNaN, !secondNumber.isNaN else { return nil }
            return firstNumber == secondNumber ? 0 : firstNumber < secondNumber ? -1 : 1
        }
    }

    /// One comparison.
    static func compare(
        _ first: TemplateValue,
        _ operation: TemplateExpression.Comparison,
        _ second: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        switch operation {
        case .equal: return try equal(first, second, &meter)
        case .notEqual: return try !equal(first, second, &meter)
        case .contained: return try contains(second, first, &meter)
        case .notContained: return try !contains(second, first, &meter)
        case .less: return try order(first, second, &meter).map { $0 < 0 } ?? false
        case .lessOrEqual: return try order(first, second, &meter).map { $0 <= 0 } ?? false
        case .greater: return try order(first, second, &meter).map { $0 > 0 } ?? false
        case .greaterOrEqual: return try order(first, second, &meter).map { $0 >= 0 } ?? false
        }
    }

    /// `item in container`.
    static func contains(
        _ container: TemplateValue,
        _ item: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        switch container {
        case .undefined:
            return false
        case .string(let text):
            guard case .string(let needle) = item else {
                throw .evaluation("'in' a string needs a string, not \(item.typeName)")
            }
            try meter.spend(bytes: text.count)
            guard !needle.isEmpty else { return true }
            return !TemplateText.occurrences(of: Array(needle.text.utf8), in: Array(text.text.utf8), limit: 1).isEmpty
        case .list(let list):
            for element in list.elements {
                if try equal(element, item, &meter) { return true }
            }
            return false
        case .map(let map):
            try meter.spend(elements: map.entries.count)
            return map[item] != nil
        case .null, .boolean, .integer, .float, .object:
            throw .evaluation("'in' needs a string, a list or a map, not \(container.typeName)")
        }
    }

    /// The values that a loop over a value meets.
    static func elements(
        of value: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .undefined:
            return []
        case .list(let list):
            return list.elements
        case .map(let map):
            try meter.spend(elements: map.entries.count)
            return map.entries.map(\.key)
        case .string(let text):
            try meter.spend(elements: text.count)
            return text.scalars.map { .string(TemplateString([$0])) }
        case .null, .boolean, .integer, .float, .object:
            throw .evaluation("\(value.typeName) cannot be iterated")
        }
    }

    /// Where each of the sorted keys stood: a stable merge sort, whose comparisons are counted.
    static func sortedIndices(
        _ keys: [TemplateValue],
        isDescending: Bool,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> [Int] {
        var order = Array(keys.indices)
        var width = 1
        while width < order.count {
            try meter.spend(elements: order.count)
            var merged: [Int] = []
            for start in stride(from: 0, to: order.count, by: 2 * width) {
                let middle = min(start + width, order.count)
                let end = min(start + 2 * width, order.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    // The right one goes first only if it is strictly smaller, or greater: equal keys keep their order.
                    let comparison = try Self.order(keys[order[right]], keys[order[left]], &meter) ?? 0
                    let takesRight = isDescending ? comparison > 0 : comparison < 0
                    merged.append(order[takesRight ? right : left])
                    (left, right) = takesRight ? (left, right + 1) : (left + 1, right)
                }
                merged += order[left..<middle] + order[right..<end]
            }
            order = merged
            width *= 2
        }
        return order
    }
}
