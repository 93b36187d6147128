/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    case text(String)
    case output(TemplateExpression)
    case branch([Branch], otherwise: [TemplateStatement])
    case loop(Loop)
    case assign(Target, TemplateExpression)
    /// `{% set x | filter %}…{% endset %}`.
    case capture(Target, filters: [TemplateExpression.Postfix], body: [TemplateStatement])
    /// `{% filter x %}…{% endfilter %}`.
    case filtered([TemplateExpression.Postfix], body: [TemplateStatement])
    /// `{% generation %}…{% endgeneration %}` and `{% with x = 1 %}…{% endwith %}`: a scope of its own, whose
    /// variables have values of the scope around it.
    case scope([(target: Target, value: TemplateExpression)], [TemplateStatement])
    /// `{% call(a) m(b) %}…{% endcall %}`.
    case call(Call)
    /// Binds a macro, by its number, to its name.
    case macro(Int)
    case leaveLoop
    case nextIteration

    /// One `if` or `elif`.
    struct Branch: Sendable {
        let condition: TemplateExpression
        let body: [TemplateStatement]
    }

    struct Loop: Sendable {
        let target: Target
        let items: TemplateExpression
        /// `for x in xs if filter`.
        let filter: TemplateExpression?
        /// Whether its body may call it with other items.
        let isRecursive: Bool
        let body: [TemplateStatement]
        let otherwise: [TemplateStatement]
    }

    /// The call of a macro that gets a body, which it knows as `caller`.
    struct Call: Sendable {
        let macro: TemplateExpression
        let arguments: TemplateExpression.Arguments
        /// The number of the macro that is the body.
        let body: Int
    }

    /// What is assigned to.
    struct Target: Sendable {
        let position: TemplatePosition
        let kind: Kind

        indirect enum Kind: Sendable {
            case name(String)
            /// `namespace.attribute`.
            case attribute(of: String, String)
            case tuple([Target])
        }
    }
}

/// A macro: a named body with parameters.
struct TemplateMacro: Sendable {
    let name: String
    let parameters: [Parameter]
    let body: [TemplateStatement]
    /// Whether it has a place for the body of a `call`.
    let takesCaller: Bool

    struct Parameter: Sendable {
        let name: String
        let fallback: TemplateExpression?
    }
}

/// What `loop` knows inside a `for`.
struct TemplateLoop {
    /// The loop itself, where its body may call it.
    let recursion: TemplateStatement.Loop?
    let items: [TemplateValue]
    /// How many calls of the loop by its own body this is inside of.
    let depth: Int
    /// The innermost scope that it sees beside the template's own.
    let base: Int
    var index = 0

    init(_ loop: TemplateStatement.Loop, items: [TemplateValue], depth: Int, base: Int) {
        recursion = loop.isRecursive ? loop : nil
        (self.items, self.depth, self.base) = (items, depth, base)
    }

    /// `loop.name`; nil where a loop has no such attribute.
    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .boolean(index == 0)
        case "last": .boolean(index == items.count - 1)
        case "length": .integer(items.count)
        case "depth": .integer(depth + 1)
        case "depth0": .integer(depth)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        default: nil
        }
    }

    /// The loop as a value of its own, which is rare: a map of its attributes at this iteration.
    var value: TemplateValue {
        let names = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"]
        return .map(TemplateMap(names.compactMap { name in attribute(name).map { (name, $0) } }))
    }
}
