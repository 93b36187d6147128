/// A macro: a named body with parameters.
struct TemplateMacro: Sendable {
    let name: String
    let parameters: [Parameter]
    let body: [TemplateStatement]

    struct Parameter: Sendable {
        let name: String
        let fallback: TemplateExpression?
    }
}
