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
