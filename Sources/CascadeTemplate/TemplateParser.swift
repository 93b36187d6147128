/// Makes statements of tokens. Precedence and forms are those of Jinja 3.1.
struct TemplateParser {
    let tokens: [TemplateToken]
    /// The macros met so far; a statement names one by its index.
    var macros: [TemplateMacro] = []

    private(set) var index = 0
    private var nesting = 0
    /// Loops around the current statement.
    var loops = 0
    /// Loops, macros and captures around the current statement.
    var scopes = 0

    init(tokens: [TemplateToken]) {
        self.tokens = tokens
    }

    /// The whole template.
    mutating func parseTemplate() throws(TemplateError) -> [TemplateStatement] {
        try parseBody(until: []).body
    }

    // MARK: Tokens

    var current: TemplateToken {
        tokens[index]
    }

    var following: TemplateToken.Kind {
        index + 1 < tokens.count ? tokens[index + 1].kind : .end
    }

    @discardableResult
    mutating func advance() -> TemplateToken {
        let token = tokens[index]
        // `.end` is the last token and stays current.
        index = min(index + 1, tokens.count - 1)
        return token
    }

    mutating func skip(_ symbol: TemplateToken.Symbol) -> Bool {
        skip(.symbol(symbol))
    }

    mutating func skip(name: String) -> Bool {
        skip(.name(name))
    }

    private mutating func skip(_ kind: TemplateToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: TemplateToken.Symbol) throws(TemplateError) {
        try expect(.symbol(symbol), "'\(symbol.rawValue)'")
    }

    mutating func expect(_ kind: TemplateToken.Kind, _ description: String) throws(TemplateError) {
        guard skip(kind) else { throw unexpected(expected: description) }
    }

    mutating func expectName(_ description: String) throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected(expected: description) }
        advance()
        return name
    }

    func unexpected(expected: String) -> TemplateError {
        .syntax("expected \(expected), found \(current.description)", at: current.position)
    }

    /// Goes one level deeper; each success is paired with `leave`.
    mutating func enter() throws(TemplateError) {
        guard nesting < TemplateLimits.nesting else {
            throw .limit("nested more than \(TemplateLimits.nesting) deep", at: current.position)
        }
        nesting += 1
    }

    mutating func leave() {
        nesting -= 1
    }
}
