/// Statements.
extension TemplateParser {
    /// Statements up to a tag of one of the names, whose name is consumed and returned; to the end where there are
    /// none.
    mutating func parseBody(until ends: [String]) throws(TemplateError) -> (body: [TemplateStatement], end: String) {
        try enter()
        defer { leave() }
        var body: [TemplateStatement] = []
        while true {
            let token = advance()
            switch token.kind {
            case .text(let text):
                body.append(.text(text))
            case .variableBegin:
                body.append(.output(try parseTuple()))
                try expect(.variableEnd, "'}}'")
            case .blockBegin:
                let position = current.position
                let tag = try expectName("a tag")
                if ends.contains(tag) {
                    return (body, tag)
                }
                body.append(try parseStatement(tag, at: position))
                try expect(.blockEnd, "'%}'")
            default:
                guard token.kind == .end, ends.isEmpty else {
                    throw .syntax(
                        "expected {% \(ends.joined(separator: " %} or {% ")) %}, found \(token.description)",
                        at: token.position
                    )
                }
                return (body, "")
            }
        }
    }

    /// A statement up to its last `%}`; the tag's name is behind.
    private mutating func parseStatement(
        _ tag: String,
        at position: TemplatePosition
    ) throws(TemplateError) -> TemplateStatement {
        switch tag {
        case "if": return try parseIf()
        case "for": return try parseFor()
        case "set": return try parseSet()
        case "macro": return try parseMacro(at: position)
        case "call": return try parseCall()
        case "filter":
            var filters = [try parseFilter(at: position)]
            filters += try parseFilters()
            return .filtered(filters, body: try parseScope(until: ["endfilter"]).body)
        case "generation":
            return .scope([], try parseScope(until: ["endgeneration"]).body)
        case "with": return try parseWith()
        case "break", "continue":
            guard loops > 0 else { throw .syntax("'\(tag)' outside a loop", at: position) }
            return tag == "break" ? .leaveLoop : .nextIteration
        case "elif", "else", "endif", "endfor", "endset", "endmacro", "endcall", "endfilter", "endraw",
            "endwith", "endgeneration":
            throw .syntax("unexpected tag '\(tag)'", at: position)
        default:
            throw .unsupported("the tag '\(tag)'", at: position)
        }
    }

    /// The body of a tag that is a scope of its own.
    private mutating func parseScope(
        until ends: [String]
    ) throws(TemplateError) -> (body: [TemplateStatement], end: String) {
        try expect(.blockEnd, "'%}'")
        scopes += 1
        defer { scopes -= 1 }
        return try parseBody(until: ends)
    }

    private mutating func parseIf() throws(TemplateError) -> TemplateStatement {
        var branches: [TemplateStatement.Branch] = []
        while true {
            let condition = try parseTuple(allowsConditional: false)
            try expect(.blockEnd, "'%}'")
            let (body, end) = try parseBody(until: ["elif", "else", "endif"])
            branches.append(.init(condition: condition, body: body))
            switch end {
            case "elif":
                continue
            case "else":
                try expect(.blockEnd, "'%}'")
                return .branch(branches, otherwise: try parseBody(until: ["endif"]).body)
            default:
                return .branch(branches, otherwise: [])
            }
        }
    }

    private mutating func parseFor() throws(TemplateError) -> TemplateStatement {
        let target = try parseTarget(allowsAttribute: false)
        guard skip(name: "in") else { throw unexpected(expected: "'in'") }
        let items = try parseTuple(allowsConditional: false)
        let filter = skip(name: "if") ? try parseExpression() : nil
        let isRecursive = skip(name: "recursive")
        loops += 1
        let (body, end) = try parseScope(until: ["else", "endfor"])
        loops -= 1
        let otherwise = end == "else" ? try parseScope(until: ["endfor"]).body : []
        return .loop(
            .init(
                target: target,
                items: items,
                filter: filter,
                isRecursive: isRecursive,
                body: body,
                otherwise: otherwise
            )
        )
    }

    private mutating func parseWith() throws(TemplateError) -> TemplateStatement {
        var variables: [(target: TemplateStatement.Target, value: TemplateExpression)] = []
        while current.kind != .blockEnd {
            let target = try parseSingleTarget(allowsAttribute: false)
            try expect(.assign)
            variables.append((target, try parseExpression()))
            guard skip(.comma) else { break }
        }
        return .scope(variables, try parseScope(until: ["endwith"]).body)
    }

    private mutating func parseSet() throws(TemplateError) -> TemplateStatement {
        let target = try parseTarget(allowsAttribute: true)
        if skip(.assign) {
            return .assign(target, try parseTuple())
        }
        let filters = try parseFilters()
        return .capture(target, filters: filters, body: try parseScope(until: ["endset"]).body)
    }

    private mutating func parseFilters() throws(TemplateError) -> [TemplateExpression.Postfix] {
        var filters: [TemplateExpression.Postfix] = []
        while current.kind == .symbol(.pipe) {
            let position = advance().position
            filters.append(try parseFilter(at: position))
        }
        return filters
    }

    private mutating func parseMacro(at position: TemplatePosition) throws(TemplateError) -> TemplateStatement {
        // A macro sees its own variables and the template's; one inside a loop would have to keep the loop's as well.
        guard scopes == 0 else { throw .unsupported("a macro inside a loop, macro or captured text", at: position) }
        let name = try parseAssignableName()
        let parameters = try parseParameters()
        let start = index
        let body = try parseScope(until: ["endmacro"]).body
        let takesCaller = tokens[start..<index].contains { $0.kind == .name("caller") }
        macros.append(TemplateMacro(name: name, parameters: parameters, body: body, takesCaller: takesCaller))
        return .macro(macros.count - 1)
    }

    private mutating func parseCall() throws(TemplateError) -> TemplateStatement {
        let parameters = current.kind == .symbol(.leftParenthesis) ? try parseParameters() : []
        let call = try parseExpression()
        guard case .postfix(let base, let postfixes) = call.kind, case .call(let arguments)? = postfixes.last?.kind
        else {
            throw .syntax("'call' needs the call of a macro", at: call.position)
        }
        let macro = TemplateExpression(position: call.position, kind: .postfix(base, postfixes.dropLast()))
        // The body is a macro: it cannot leave a loop around it.
        let outerLoops = loops
        loops = 0
        let body = try parseScope(until: ["endcall"]).body
        loops = outerLoops
        macros.append(TemplateMacro(name: "caller", parameters: parameters, body: body, takesCaller: false))
        return .call(.init(macro: macro, arguments: arguments, body: macros.count - 1))
    }

    private mutating func parseParameters() throws(TemplateError) -> [TemplateMacro.Parameter] {
        try expect(.leftParenthesis)
        var parameters: [TemplateMacro.Parameter] = []
        while current.kind != .symbol(.rightParenthesis) {
            let parameter = try parseAssignableName()
            let fallback = skip(.assign) ? try parseExpression() : nil
            guard fallback != nil || parameters.last?.fallback == nil else {
                throw unexpected(expected: "a default, as the parameter in front has one")
            }
            parameters.append(.init(name: parameter, fallback: fallback))
            guard skip(.comma) else { break }
        }
        try expect(.rightParenthesis)
        return parameters
    }

    private mutating func parseAssignableName() throws(TemplateError) -> String {
        let position = current.position
        let name = try expectName("a name")
        guard TemplateParser.constant(name) == nil else { throw .syntax("'\(name)' cannot be assigned", at: position) }
        return name
    }

    /// A target of `set` or `for`, or a tuple of targets where commas follow.
    private mutating func parseTarget(allowsAttribute: Bool) throws(TemplateError) -> TemplateStatement.Target {
        try enter()
        defer { leave() }
        let position = current.position
        var targets: [TemplateStatement.Target] = []
        repeat {
            targets.append(try parseSingleTarget(allowsAttribute: allowsAttribute))
        } while skip(.comma)
        return targets.count == 1 ? targets[0] : .init(position: position, kind: .tuple(targets))
    }

    private mutating func parseSingleTarget(allowsAttribute: Bool) throws(TemplateError) -> TemplateStatement.Target {
        let position = current.position
        if skip(.leftParenthesis) {
            let inner = try parseTarget(allowsAttribute: false)
            try expect(.rightParenthesis)
            return inner
        }
        let name = try parseAssignableName()
        if allowsAttribute, skip(.dot) {
            return .init(position: position, kind: .attribute(of: name, try expectName("an attribute")))
        }
        return .init(position: position, kind: .name(name))
    }
}
