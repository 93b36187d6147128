/// Expressions, from the loosest operator to the tightest.
extension TemplateParser {
    /// An expression, or a tuple of those where commas follow.
    mutating func parseTuple(
        allowsConditional: Bool = true,
        isParenthesized: Bool = false
    ) throws(TemplateError) -> TemplateExpression {
        let position = current.position
        var elements: [TemplateExpression] = []
        var isTuple = false
        while !isTupleEnd {
            elements.append(allowsConditional ? try parseExpression() : try parseOr())
            guard skip(.comma) else { break }
            isTuple = true
        }
        if !isTuple, let single = elements.first {
            return single
        }
        guard isTuple || isParenthesized else { throw unexpected(expected: "an expression") }
        return TemplateExpression(position: position, kind: .list(elements, isTuple: true))
    }

    private var isTupleEnd: Bool {
        switch current.kind {
        case .variableEnd, .blockEnd, .symbol(.rightParenthesis): true
        default: false
        }
    }

    /// An expression: `a if b else c` or anything that binds tighter.
    mutating func parseExpression() throws(TemplateError) -> TemplateExpression {
        try enter()
        defer { leave() }
        let position = current.position
        var value = try parseOr()
        while skip(name: "if") {
            let condition = try parseOr()
            let otherwise = skip(name: "else") ? try parseExpression() : nil
            value = TemplateExpression(
                position: position,
                kind: .conditional(condition: condition, then: value, otherwise: otherwise)
            )
            // `a if b if c` nests to the left without the parser's own nesting, so it is refused beyond one.
            guard current.kind != .name("if") else {
                throw .unsupported("a conditional on a conditional without brackets", at: current.position)
            }
        }
        return value
    }

    mutating func parseOr() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        var operands = [try parseAnd()]
        while skip(name: "or") {
            operands.append(try parseAnd())
        }
        return operands.count == 1 ? operands[0] : TemplateExpression(position: position, kind: .any(operands))
    }

    private mutating func parseAnd() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        var operands = [try parseNot()]
        while skip(name: "and") {
            operands.append(try parseNot())
        }
        return operands.count == 1 ? operands[0] : TemplateExpression(position: position, kind: .all(operands))
    }

    private mutating func parseNot() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        guard skip(name: "not") else { return try parseComparison() }
        try enter()
        defer { leave() }
        return TemplateExpression(position: position, kind: .not(try parseNot()))
    }

    private mutating func parseComparison() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let first = try parseSum()
        var steps: [TemplateExpression.ComparisonStep] = []
        while let operation = comparison {
            advance()
            if operation == .notContained {
                advance()
            }
            steps.append(.init(operation: operation, operand: try parseSum()))
        }
        return steps.isEmpty ? first : TemplateExpression(position: position, kind: .comparison(first, steps))
    }

    private var comparison: TemplateExpression.Comparison? {
        switch current.kind {
        case .symbol(.equal): .equal
        case .symbol(.notEqual): .notEqual
        case .symbol(.less): .less
        case .symbol(.lessOrEqual): .lessOrEqual
        case .symbol(.greater): .greater
        case .symbol(.greaterOrEqual): .greaterOrEqual
        case .name("in"): .contained
        case .name("not"): following == .name("in") ? .notContained : nil
        default: nil
        }
    }

    private mutating func parseSum() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let first = try parseConcatenation()
        var steps: [TemplateExpression.ArithmeticStep] = []
        while true {
            let operation: TemplateExpression.Arithmetic
            switch current.kind {
            case .symbol(.plus): operation = .add
            case .symbol(.minus): operation = .subtract
            default:
                return steps.isEmpty ? first : TemplateExpression(position: position, kind: .arithmetic(first, steps))
            }
            advance()
            steps.append(.init(operation: operation, operand: try parseConcatenation()))
        }
    }

    private mutating func parseConcatenation() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        var operands = [try parseProduct()]
        while skip(.tilde) {
            operands.append(try parseProduct())
        }
        return operands.count == 1
            ? operands[0] : TemplateExpression(position: position, kind: .concatenation(operands))
    }

    private mutating func parseProduct() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let first = try parseUnary()
        var steps: [TemplateExpression.ArithmeticStep] = []
        while true {
            let operation: TemplateExpression.Arithmetic
            switch current.kind {
            case .symbol(.times): operation = .multiply
            case .symbol(.divide): operation = .divide
            case .symbol(.floorDivide): operation = .floorDivide
            case .symbol(.modulo): operation = .modulo
            case .symbol(.power): throw .unsupported("the operator '**'", at: current.position)
            default:
                return steps.isEmpty ? first : TemplateExpression(position: position, kind: .arithmetic(first, steps))
            }
            advance()
            steps.append(.init(operation: operation, operand: try parseUnary()))
        }
    }

    /// A sign binds looser than `.name`, `[…]` and `(…)`, tighter than filters and tests: `-x|abs` is `(-x)|abs`.
    private mutating func parseUnary() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let operand = try parseSigned()
        var postfixes: [TemplateExpression.Postfix] = []
        while true {
            let position = current.position
            if skip(.pipe) {
                postfixes.append(try parseFilter(at: position))
            } else if skip(name: "is") {
                postfixes.append(try parseTest(at: position))
            } else if current.kind == .symbol(.leftParenthesis) {
                postfixes.append(.init(position: position, kind: .call(try parseArguments())))
            } else {
                break
            }
        }
        return postfixes.isEmpty ? operand : TemplateExpression(position: position, kind: .postfix(operand, postfixes))
    }

    private mutating func parseSigned() throws(TemplateError) -> TemplateExpression {
        let position = current.position
        let isMinus = current.kind == .symbol(.minus)
        guard isMinus || current.kind == .symbol(.plus) else { return try parsePostfix(try parsePrimary()) }
        advance()
        try enter()
        defer { leave() }
        let operand = try parseSigned()
        return TemplateExpression(position: position, kind: isMinus ? .negate(operand) : .plus(operand))
    }

    /// A literal, a name or a bracketed expression.
    mutating func parsePrimary() throws(TemplateError) -> TemplateExpression {
        let token = current
        let kind: TemplateExpression.Kind
        switch token.kind {
        case .name(let name):
            advance()
            kind = TemplateParser.constant(name).map { .literal($0) } ?? .name(name)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                advance()
                text += more
            }
            kind = .literal(.string(TemplateString(text)))
        case .integer(let value):
            advance()
            kind = .literal(.integer(value))
        case .float(let value):
            advance()
            kind = .literal(.float(value))
        case .symbol(.leftParenthesis):
            advance()
            try enter()
            defer { leave() }
            let inner = try parseTuple(isParenthesized: true)
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket):
            kind = try parseList()
        case .symbol(.leftBrace):
            kind = try parseMap()
        default:
            throw unexpected(expected: "an expression")
        }
        return TemplateExpression(position: token.position, kind: kind)
    }

    /// The names that are values and cannot be assigned.
    static func constant(_ name: String) -> TemplateValue? {
        switch name {
        case "true", "True": .boolean(true)
        case "false", "False": .boolean(false)
        case "none", "None": TemplateValue.null
        default: nil
        }
    }

    private mutating func parseList() throws(TemplateError) -> TemplateExpression.Kind {
        try expect(.leftBracket)
        var elements: [TemplateExpression] = []
        while current.kind != .symbol(.rightBracket) {
            elements.append(try parseExpression())
            guard skip(.comma) else { break }
        }
        try expect(.rightBracket)
        return .list(elements, isTuple: false)
    }

    private mutating func parseMap() throws(TemplateError) -> TemplateExpression.Kind {
        try expect(.leftBrace)
        var entries: [TemplateExpression.MapEntry] = []
        while current.kind != .symbol(.rightBrace) {
            let key = try parseExpression()
            try expect(.colon)
            entries.append(.init(key: key, value: try parseExpression()))
            guard skip(.comma) else { break }
        }
        try expect(.rightBrace)
        return .map(entries)
    }
}
