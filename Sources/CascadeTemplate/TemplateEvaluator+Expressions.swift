/// Expressions.
extension TemplateEvaluator {
    /// The value of an expression; an error names the innermost expression that failed.
    mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        do {
            try meter.enter()
            defer { meter.leave() }
            return try value(of: expression)
        } catch {
            throw error.located(at: expression.position)
        }
    }

    private mutating func value(of expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        switch expression.kind {
        case .literal(let value):
            return value
        case .name(let name):
            return variable(name)
        case .list(let elements, let isTuple):
            return try meter.list(try evaluate(elements), isTuple: isTuple)
        case .map(let entries):
            return try map(entries)
        case .negate(let operand):
            return try TemplateOperators.signed(try evaluate(operand), isNegative: true)
        case .plus(let operand):
            return try TemplateOperators.signed(try evaluate(operand), isNegative: false)
        case .not(let operand):
            return .boolean(try !evaluate(operand).isTrue)
        case .all(let operands):
            return try firstOperand(of: operands, thatIs: false)
        case .any(let operands):
            return try firstOperand(of: operands, thatIs: true)
        case .arithmetic(let first, let steps):
            return try arithmetic(first, steps)
        case .concatenation(let operands):
            return try concatenation(operands)
        case .comparison(let first, let steps):
            return try comparison(first, steps)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else { return .undefined("the condition is false and there is no 'else'") }
            return try evaluate(otherwise)
        case .postfix(let base, let postfixes):
            return try postfix(base, postfixes)
        }
    }

    private mutating func evaluate(_ expressions: [TemplateExpression]) throws(TemplateError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        for expression in expressions {
            values.append(try evaluate(expression))
        }
        return values
    }

    private mutating func map(_ entries: [TemplateExpression.MapEntry]) throws(TemplateError) -> TemplateValue {
        var values: [TemplateMap.Entry] = []
        for entry in entries {
            values.append((try evaluate(entry.key), try evaluate(entry.value)))
        }
        return try meter.map(values)
    }

    /// Python's `and` and `or` give the operand that decides, or the last one.
    private mutating func firstOperand(
        of operands: [TemplateExpression],
        thatIs truth: Bool
    ) throws(TemplateError) -> TemplateValue {
        var value = TemplateValue.null
        for operand in operands {
            value = try evaluate(operand)
            if value.isTrue == truth { break }
        }
        return value
    }

    private mutating func arithmetic(
        _ first: TemplateExpression,
        _ steps: [TemplateExpression.ArithmeticStep]
    ) throws(TemplateError) -> TemplateValue {
        var value = try evaluate(first)
        for step in steps {
            let operand = try evaluate(step.operand)
            value = try TemplateOperators.apply(step.operation, value, operand, &meter)
        }
        return value
    }

    private mutating func concatenation(_ operands: [TemplateExpression]) throws(TemplateError) -> TemplateValue {
        var text = TemplateString()
        for operand in operands {
            let value = try evaluate(operand)
            try meter.append(try TemplatePrinter.text(of: value, &meter), to: &text)
        }
        return .string(text)
    }

    private mutating func comparison(
        _ first: TemplateExpression,
        _ steps: [TemplateExpression.ComparisonStep]
    ) throws(TemplateError) -> TemplateValue {
        var left = try evaluate(first)
        for step in steps {
            let right = try evaluate(step.operand)
            guard try TemplateOperators.compare(left, step.operation, right, &meter) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    // MARK: Postfixes

    private mutating func postfix(
        _ base: TemplateExpression,
        _ postfixes: [TemplateExpression.Postfix]
    ) throws(TemplateError) -> TemplateValue {
        var rest = postfixes[...]
        var value: TemplateValue
        // `loop.name` and `loop(items)` need no value of the whole loop.
        if case .name("loop") = base.kind, let first = rest.first, let found = try ofLoop(first) {
            value = found
            rest.removeFirst()
        } else {
            value = try evaluate(base)
        }
        while let next = rest.popFirst() {
            do {
                try meter.spend()
                // A method is called on its value.
                if case .attribute(let name) = next.kind, TemplateMethods.hasMethods(value),
                    case .call(let arguments)? = rest.first?.kind,
                    let result = try TemplateMethods.call(name, on: value, try evaluate(arguments), &meter)
                {
                    value = result
                    rest.removeFirst()
                } else {
                    value = try apply(next.kind, to: value)
                }
            } catch {
                throw error.located(at: next.position)
            }
        }
        return value
    }

    /// What `loop` gives for what follows it; nil where that is no attribute of it and no call.
    private mutating func ofLoop(_ postfix: TemplateExpression.Postfix) throws(TemplateError) -> TemplateValue? {
        guard let loop = currentLoop else { return nil }
        switch postfix.kind {
        case .attribute(let name):
            return loop.attribute(name)
        case .call(let arguments):
            do {
                return try callLoop(try evaluate(arguments))
            } catch {
                throw error.located(at: postfix.position)
            }
        default:
            return nil
        }
    }

    private mutating func apply(
        _ postfix: TemplateExpression.PostfixKind,
        to value: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch postfix {
        case .attribute(let name):
            if let found = attribute(name, ofNamespace: value) { return found }
            return try TemplateAccess.attribute(name, of: value, &meter)
        case .element(let key):
            let key = try evaluate(key)
            if case .string(let name) = key, let found = attribute(name.text, ofNamespace: value) { return found }
            return try TemplateAccess.element(key, of: value, &meter)
        case .slice(let start, let stop, let step):
            return try TemplateAccess.slice(
                value,
                start: try evaluateBound(start),
                stop: try evaluateBound(stop),
                step: try evaluateBound(step),
                &meter
            )
        case .call(let arguments):
            return try call(value, try evaluate(arguments))
        case .filter(let name, let arguments):
            let filter = try TemplateFilter.named(name)
            return try filter.apply(to: value, try evaluate(arguments), &meter)
        case .test(let name, let arguments, let isNegated):
            let test = try TemplateTest.named(name)
            return .boolean(try test.holds(for: value, try evaluate(arguments), &meter) != isNegated)
        }
    }

    /// A namespace's attribute; nil where the value is no namespace.
    private func attribute(_ name: String, ofNamespace value: TemplateValue) -> TemplateValue? {
        guard case .object(let object) = value, case .namespace(let index) = object.kind else { return nil }
        return namespaces[index][name] ?? .undefined("the namespace has no '\(name)'")
    }

    private mutating func evaluateBound(_ bound: TemplateExpression?) throws(TemplateError) -> TemplateValue {
        guard let bound else { return .null }
        return try evaluate(bound)
    }

    /// Applies the filters of `{% set x | filter %}` and `{% filter x %}`.
    mutating func apply(
        _ filters: [TemplateExpression.Postfix],
        to value: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        var value = value
        for filter in filters {
            do {
                value = try apply(filter.kind, to: value)
            } catch {
                throw error.located(at: filter.position)
            }
        }
        return value
    }

    // MARK: Calls

    mutating func evaluate(
        _ arguments: TemplateExpression.Arguments
    ) throws(TemplateError) -> TemplateArguments {
        var values = TemplateArguments(positional: try evaluate(arguments.positional))
        for keyword in arguments.keyword {
            values.keyword.append((keyword.name, try evaluate(keyword.value)))
        }
        return values
    }

    private mutating func call(
        _ value: TemplateValue,
        _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        guard case .object(let object) = value else {
            if case .undefined(let message) = value { throw .evaluation(message) }
            throw .evaluation("\(value.typeName) cannot be called")
        }
        switch object.kind {
        case .macro(let index):
            return try call(macros[index], arguments)
        case .caller(let number):
            return try call(caller: number, arguments)
        case .function(let function):
            return try call(function, arguments)
        case .namespace, .method:
            throw .unsupported("calling \(object.typeName)")
        }
    }

    private mutating func call(
        _ function: TemplateFunction,
        _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch function {
        case .raiseException:
            guard let message = try arguments.bind("message")[0] else {
                throw .evaluation("raise_exception needs a message")
            }
            throw .raised(try TemplatePrinter.text(of: message, &meter).text)
        case .strftimeNow:
            guard let clock, let format = try arguments.bind("format")[0] else {
                throw .evaluation("strftime_now needs a format")
            }
            return .string(try clock.text(try format.string("strftime_now's format"), &meter))
        case .range:
            return try range(arguments)
        case .dict:
            return try meter.map(try entries(arguments))
        case .namespace:
            var attributes: [String: TemplateValue] = [:]
            for entry in try entries(arguments) {
                attributes[try entry.key.string("a namespace's attribute").text] = entry.value
            }
            namespaces.append(attributes)
            return .object(TemplateObject(kind: .namespace(namespaces.count - 1)))
        }
    }

    /// The entries that `dict` and `namespace` are called with: a map or pairs, then keywords.
    private mutating func entries(_ arguments: TemplateArguments) throws(TemplateError) -> [TemplateMap.Entry] {
        guard arguments.positional.count <= 1 else { throw .evaluation("more than one map") }
        var entries: [TemplateMap.Entry] = []
        if case .map(let map)? = arguments.positional.first {
            entries = map.entries
        } else if let pairs = arguments.positional.first {
            for pair in try TemplateOperators.elements(of: pairs, &meter) {
                let pair = try TemplateOperators.elements(of: pair, &meter)
                guard pair.count == 2 else { throw .evaluation("an entry needs a key and a value") }
                entries.append((pair[0], pair[1]))
            }
        }
        try meter.spend(elements: entries.count)
        return entries + arguments.keyword.map { (.string(TemplateString($0.name)), $0.value) }
    }

    private mutating func range(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        let bounds = arguments.positional
        guard arguments.keyword.isEmpty, (1...3).contains(bounds.count) else {
            throw .evaluation("range takes one to three integers")
        }
        let stop = try bounds[bounds.count == 1 ? 0 : 1].integer("range's bound")
        let step = try bounds.count == 3 ? bounds[2].integer("range's step") : 1
        guard step != 0 else { throw .evaluation("range's step is 0") }
        var value = try bounds.count == 1 ? 0 : bounds[0].integer("range's bound")
        var values: [TemplateValue] = []
        while step > 0 ? value < stop : value > stop {
            guard values.count < TemplateLimits.elements else {
                throw .limit("a range of more than \(TemplateLimits.elements) numbers")
            }
            values.append(.integer(value))
            let (next, overflow) = value.addingReportingOverflow(step)
            guard !overflow else { break }
            value = next
        }
        return try meter.list(values)
    }
}
