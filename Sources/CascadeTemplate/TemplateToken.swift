/// A piece of a template's source.
struct TemplateToken {
    enum Kind: Equatable {
        case text(String)
        case variableBegin
        case variableEnd
        case blockBegin
        case blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        case symbol(Symbol)
        /// Behind the last token.
        case end
    }

    /// Operators and brackets.
    enum Symbol: String, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case floorDivide = "//"
        case power = "**"
        case less = "<"
        case greater = ">"
        case assign = "="
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case modulo = "%"
        case tilde = "~"
        case pipe = "|"
        case dot = "."
        case comma = ","
        case colon = ":"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBracket = "["
        case rightBracket = "]"
        case leftBrace = "{"
        case rightBrace = "}"

        /// The bracket that closes this one.
        var closing: Symbol? {
            switch self {
            case .leftParenthesis: .rightParenthesis
            case .leftBracket: .rightBracket
            case .leftBrace: .rightBrace
            default: nil
            }
        }
    }

    let kind: Kind
    let position: TemplatePosition

    /// The token in messages.
    var description: String {
        switch kind {
        case .text: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end of the template"
        }
    }
}
