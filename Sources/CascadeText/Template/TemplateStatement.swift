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
