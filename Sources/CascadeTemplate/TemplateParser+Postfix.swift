/// What follows a value: attributes, subscripts, calls, filters, tests.
extension TemplateParser {
    /// Adds the attributes, subscripts and calls that follow.
    mutating func parsePostfix(_ base: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var postfixes: [TemplateExpression.Postfix] = []
        while true {
            let position = current.position
            let kind: TemplateExpression.PostfixKind
            switch current.kind {
            case .symbol(.dot):
                advance()
                kind = try parseAttribute()
            case .symbol(.leftBracket):
                advance()
                kind = try parseSubscript()
            case .symbol(.leftParenthesis):
                kind = .call(try parseArguments())
            default:
                return postfixes.isEmpty
                    ? base : TemplateExpression(position: base.position, kind: .postfix(base, postfixes))
            }
            postfixes.append(.init(position: position, kind: kind))
        }
    }

    private mutating func parseAttribute() throws(TemplateError) -> TemplateExpression.PostfixKind {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            return .attribute(name)
        case .integer(let index):
            advance()
            return .element(TemplateExpression(position: token.position, kind: .literal(.integer(index))))
        default:
            throw unexpected(expected: "a name or a number")
        }
    }

    private mutating func parseSubscript() throws(TemplateError) -> TemplateExpression.PostfixKind {
        var start: TemplateExpression?
        if current.kind != .symbol(.colon) {
            let first = try parseExpression()
            guard current.kind == .symbol(.colon) else {
                try expect(.rightBracket)
                return .element(first)
            }
            start = first
        }
        try expect(.colon)
        let stop = try parseSliceBound()
        let step = skip(.colon) ? try parseSliceBound() : nil
        try expect(.rightBracket)
        return .slice(start: start, stop: stop, step: step)
    }

    private mutating func parseSliceBound() throws(TemplateError) -> TemplateExpression? {
        switch current.kind {
        case .symbol(.colon), .symbol(.rightBracket): nil
        default: try parseExpression()
        }
    }

    /// `(a, b, name=c)`.
    mutating func parseArguments() throws(TemplateError) -> TemplateExpression.Arguments {
        try expect(.leftParenthesis)
        var arguments = TemplateExpression.Arguments()
        while current.kind != .symbol(.rightParenthesis) {
            switch current.kind {
            case .name(let name) where following == .symbol(.assign):
                advance()
                advance()
                arguments.keyword.append(.init(name: name, value: try parseExpression()))
            case .symbol(.times), .symbol(.power):
                throw .unsupported("the unpacking of arguments", at: current.position)
            default:
                guard arguments.keyword.isEmpty else { throw unexpected(expected: "a keyword argument") }
                arguments.positional.append(try parseExpression())
            }
            guard skip(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return arguments
    }

    /// A filter's name and arguments; the `|` is behind.
    mutating func parseFilter(at position: TemplatePosition) throws(TemplateError) -> TemplateExpression.Postfix {
        let name = try expectName("a filter's name")
        let hasArguments = current.kind == .symbol(.leftParenthesis)
        let arguments = hasArguments ? try parseArguments() : .init()
        return .init(position: position, kind: .filter(name, arguments))
    }

    /// A test's name and argument, which needs no brackets: `x is equalto 1`; the `is` is behind.
    mutating func parseTest(at position: TemplatePosition) throws(TemplateError) -> TemplateExpression.Postfix {
        let isNegated = skip(name: "not")
        let name = try expectName("a test's name")
        var arguments = TemplateExpression.Arguments()
        switch current.kind {
        case .symbol(.leftParenthesis):
            arguments = try parseArguments()
        case .name("else"), .name("or"), .name("and"):
            break
        case .name("is"):
            throw unexpected(expected: "one test")
        case .name, .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace):
            try enter()
            defer { leave() }
            arguments.positional = [try parsePostfix(try parsePrimary())]
        default:
            break
        }
        return .init(position: position, kind: .test(name, arguments, isNegated: isNegated))
    }
}
