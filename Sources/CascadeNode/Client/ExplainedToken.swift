package import CascadeCore

/// A token of an answer, and how it came to be.
package struct ExplainedToken: Sendable {
    /// The token.
    package var token: Token
    /// Where it came from.
    package var origin: Origin
    /// What was said of it.
    package var explanation: Explanation
}
