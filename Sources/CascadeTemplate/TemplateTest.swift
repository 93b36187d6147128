/// Jinja's tests, as far as chat templates use them: what may follow `is`.
enum TemplateTest: String {
    case boolean, callable, defined, divisibleby, eq, equalto, even, float, ge, greaterthan, gt, `in`, integer, iterable
    case le, lessthan, lower, lt, mapping, ne, none, number, odd, sameas, sequence, string, undefined
    case upper
    case isTrue = "true"
    case isFalse = "false"
    // As `select` and its kin name the comparisons.
    case equalSign = "=="
    case notEqualSign = "!="
    case lessSign = "<"
    case lessOrEqualSign = "<="
    case greaterSign = ">"
    case greaterOrEqualSign = ">="

    /// The test of a name.
    static func named(_ name: String) throws(TemplateError) -> TemplateTest {
        guard let test = TemplateTest(rawValue: name) else { throw .unsupported("the test '\(name)'") }
        return test
    }

    /// Whether a value passes. Not inlined, as filters are not.
    @inline(never)
    func holds(
        for value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        if let comparison {
            guard let other = try arguments.bind("other")[0] else {
                throw .evaluation("the test '\(rawValue)' needs a value to compare with")
            }
            return try TemplateOperators.compare(value, comparison, other, &meter)
        }
        if self == .sameas {
            guard let other = try arguments.bind("other")[0] else { throw .evaluation("sameas needs a value") }
            return try isSame(value, as: other)
        }
        if self == .divisibleby {
            guard let divisor = try arguments.bind("num")[0] else { throw .evaluation("divisibleby needs a number") }
            return try isRemainder(0, of: value, by: divisor, &meter)
        }
        _ = try arguments.bind()
        switch self {
        case .odd: return try isRemainder(1, of: value, by: .integer(2), &meter)
        case .even: return try isRemainder(0, of: value, by: .integer(2), &meter)
        case .lower, .upper:
            let text = try TemplatePrinter.text(of: value, &meter)
            try meter.spend(characterBytes: text.count)
            return TemplateText.isAll(text.text, self == .lower ? .islower : .isupper)
        default: return isOfKind(value)
        }
    }

    private var comparison: TemplateExpression.Comparison? {
        switch self {
        case .eq, .equalto, .equalSign: .equal
        case .ne, .notEqualSign: .notEqual
        case .lt, .lessthan, .lessSign: .less
        case .le, .lessOrEqualSign: .lessOrEqual
        case .gt, .greaterthan, .greaterSign: .greater
        case .ge, .greaterOrEqualSign: .greaterOrEqual
        case .in: .contained
        default: nil
        }
    }

    /// Python's `is`, where the answer does not hang on how Python keeps its values.
    private func isSame(_ value: TemplateValue, as other: TemplateValue) throws(TemplateError) -> Bool {
        switch (value, other) {
        case (.boolean(let value), .boolean(let other)): return value == other
        case (.null, .null): return true
        case (.boolean, _), (_, .boolean), (.null, _), (_, .null): return false
        default: throw .unsupported("the test 'sameas' of \(value.typeName)")
        }
    }

    private func isRemainder(
        _ remainder: Int,
        of value: TemplateValue,
        by divisor: TemplateValue,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> Bool {
        let actual = try TemplateOperators.apply(.modulo, value, divisor, &meter)
        return TemplateOperators.sameKey(actual, .integer(remainder))
    }

    private func isOfKind(_ value: TemplateValue) -> Bool {
        switch (self, value) {
        case (.undefined, .undefined), (.none, .null), (.boolean, .boolean), (.isTrue, .boolean(true)),
            (.isFalse, .boolean(false)), (.integer, .integer), (.float, .float), (.string, .string), (.mapping, .map),
            (.number, .boolean), (.number, .integer), (.number, .float):
            return true
        // An undefined value iterates as an empty one.
        case (.iterable, .undefined), (.iterable, .string), (.iterable, .list), (.iterable, .map),
            (.sequence, .undefined), (.sequence, .string), (.sequence, .list), (.sequence, .map):
            return true
        case (.callable, .object(let object)):
            if case .namespace = object.kind { return false }
            return true
        case (.defined, let value):
            if case .undefined = value { return false }
            return true
        default:
            return false
        }
    }
}
