package import CascadeCore

/// A token of an answer, and what is told of it.
package struct ExplainedToken: Sendable {
    /// The token.
    package var token: Token
    /// Where it came from.
    package var origin: Origin
    /// What was said of it.
    package var explanation: Explanation

    /// Creates the value from its parts.
    package init(token: Token, origin: Origin, explanation: Explanation) {
        self.token = token
        self.origin = origin
        self.explanation = explanation
    }
}
