/// Python's arithmetic; integers are checked, not wrapped.
extension TemplateOperators {
    /// `first operation second`.
    static func apply(
        _ operation: TemplateExpression.Arithmetic,
        _ first: TemplateValue,
        _ second: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        if let first = first.index, let second = second.index {
            return try integers(operation, first, second)
        }
        if let first = first.number, let second = second.number {
            return try floats(operation, first, second)
        }
        switch (operation, first, second) {
        case (.modulo, .string(let format), _):
            return .string(try TemplatePercent.text(format, second, &meter))
        case (_, .undefined(let message), _), (_, _, .undefined(let message)):
            throw .evaluation(message)
        case (.add, .string(let first), .string(let second)):
            try meter.reserve(first.count + second.count)
            return .string(first + second)
        case (.add, .list(let first), .list(let second)) where first.isTuple == second.isTuple:
            return try meter.list(first.elements + second.elements, isTuple: first.isTuple)
        case (.multiply, .string(let text), let factor), (.multiply, let factor, .string(let text)):
            guard let count = factor.index else { break }
            return .string(try repeated(text, count, &meter))
        case (.multiply, .list(let list), let factor), (.multiply, let factor, .list(let list)):
            guard let count = factor.index else { break }
            return try repeated(list, count, &meter)
        default:
            break
        }
        throw .evaluation("'\(operation.rawValue)' does not take \(first.typeName) and \(second.typeName)")
    }

    /// `-value`, or `+value`.
    static func signed(_ value: TemplateValue, isNegative: Bool) throws(TemplateError) -> TemplateValue {
        if let integer = value.index {
            let (result, overflow) = isNegative ? (0).subtractingReportingOverflow(integer) : (integer, false)
            guard !overflow else { throw tooLarge() }
            return .integer(result)
        }
        guard let number = value.number else {
            if case .undefined(let message) = value { throw .evaluation(message) }
            throw .evaluation("no sign for \(value.typeName)")
        }
        return .float(isNegative ? -number : number)
    }

    private static func integers(
        _ operation: TemplateExpression.Arithmetic,
        _ first: Int,
        _ second: Int
    ) throws(TemplateError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = first.addingReportingOverflow(second)
        case .subtract: result = first.subtractingReportingOverflow(second)
        case .multiply: result = first.multipliedReportingOverflow(by: second)
        case .divide:
            return try floats(.divide, Double(first), Double(second))
        case .floorDivide, .modulo:
            guard second != 0 else { throw divisionByZero() }
            let quotient = first.dividedReportingOverflow(by: second)
            let remainder = first.remainderReportingOverflow(dividingBy: second).partialValue
            // Python rounds down, Swift towards zero.
            let isBelow = remainder != 0 && (remainder < 0) != (second < 0)
            if operation == .modulo {
                return .integer(isBelow ? remainder + second : remainder)
            }
            result = (quotient.partialValue - (isBelow ? 1 : 0), quotient.overflow)
        }
        guard !result.overflow else { throw tooLarge() }
        return .integer(result.partialValue)
    }

    private static func floats(
        _ operation: TemplateExpression.Arithmetic,
        _ first: Double,
        _ second: Double
    ) throws(TemplateError) -> TemplateValue {
        switch operation {
        case .add: return .float(first + second)
        case .subtract: return .float(first - second)
        case .multiply: return .float(first * second)
        case .divide:
            guard second != 0 else { throw divisionByZero() }
            return .float(first / second)
        case .floorDivide, .modulo:
            guard second != 0 else { throw divisionByZero() }
            var remainder = first.truncatingRemainder(dividingBy: second)
            if remainder != 0, (remainder < 0) != (second < 0) {
                remainder += second
            }
            if operation == .modulo {
                return .float(remainder == 0 ? Double(signOf: second, magnitudeOf: 0) : remainder)
            }
            return .float(((first - remainder) / second).rounded())
        }
    }

    private static func repeated(
        _ text: TemplateString,
        _ count: Int,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateString {
        guard count > 0 else { return "" }
        let (bytes, overflow) = text.count.multipliedReportingOverflow(by: count)
        try meter.reserve(overflow ? .max : bytes)
        // An empty text repeats in no time, however large the count.
        return text.isEmpty ? text : text.repeated(count)
    }

    private static func repeated(
        _ list: TemplateList,
        _ count: Int,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let (total, overflow) = list.elements.count.multipliedReportingOverflow(by: max(0, count))
        guard !overflow, total <= TemplateLimits.elements else {
            throw .limit("a list of more than \(TemplateLimits.elements) elements")
        }
        guard total > 0 else { return try meter.list([], isTuple: list.isTuple) }
        let elements = Array(repeatElement(list.elements, count: count).joined())
        return try meter.list(elements, isTuple: list.isTuple)
    }

    private static func divisionByZero() -> TemplateError {
        .evaluation("division by zero")
    }

    private static func tooLarge() -> TemplateError {
        .limit("an integer of more than 64 bits")
    }
}
