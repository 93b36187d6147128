/// An expression of a template.
///
/// Chains of operators, filters, subscripts and calls are flat, so that the tree is never deeper than the parser's
/// own nesting, however long a chain is.
struct TemplateExpression: Sendable {
    let position: TemplatePosition
    let kind: Kind

    indirect enum Kind: Sendable {
        case literal(TemplateValue)
        case name(String)
        case list([TemplateExpression], isTuple: Bool)
        case map([MapEntry])
        case negate(TemplateExpression)
        case plus(TemplateExpression)
        case not(TemplateExpression)
        /// `and` of all.
        case all([TemplateExpression])
        /// `or` of all.
        case any([TemplateExpression])
        /// Operators of one precedence, from the left.
        case arithmetic(TemplateExpression, [ArithmeticStep])
        /// `~` of all.
        case concatenation([TemplateExpression])
        /// Python's chained comparison: `a < b < c`.
        case comparison(TemplateExpression, [ComparisonStep])
        /// `then if condition else otherwise`.
        case conditional(condition: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
        case postfix(TemplateExpression, [Postfix])
    }

    struct MapEntry: Sendable {
        let key: TemplateExpression
        let value: TemplateExpression
    }

    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
    }

    struct ArithmeticStep: Sendable {
        let operation: Arithmetic
        let operand: TemplateExpression
    }

    enum Comparison: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, contained, notContained
    }

    struct ComparisonStep: Sendable {
        let operation: Comparison
        let operand: TemplateExpression
    }

    /// What follows a value: `.name`, `[…]`, `(…)`, `|filter`, `is test`.
    struct Postfix: Sendable {
        let position: TemplatePosition
        let kind: PostfixKind
    }

    enum PostfixKind: Sendable {
        case attribute(String)
        case element(TemplateExpression)
        case slice(start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
        case call(Arguments)
        case filter(String, Arguments)
        case test(String, Arguments, isNegated: Bool)
    }

    struct Arguments: Sendable {
        var positional: [TemplateExpression] = []
        var keyword: [Keyword] = []
    }

    struct Keyword: Sendable {
        let name: String
        let value: TemplateExpression
    }
}
