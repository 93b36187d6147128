/// One turn of a conversation, as a chat template sees it.
package struct ChatMessage: Sendable, Equatable {
    /// Who speaks: `system`, `user`, `assistant` or what else the model's template knows. Templates make control tokens
    /// of it, so it is never a text that a user may choose freely.
    package var role: String
    /// The text of the turn, which comes from outside.
    package var content: String

    /// Creates a turn.
    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// The map that templates index by `role` and `content`.
    var value: TemplateValue {
        .map(
            TemplateMap([
                ("role", .string(TemplateString(role))), ("content", .string(TemplateString(content, isForeign: true))),
            ])
        )
    }
}
