package import CascadeCore

/// What becomes of one drafted token.
package enum Verdict: Equatable, Sendable {
    /// The rule lets it stand.
    case kept
    /// The coin accepted it.
    case matched
    /// Neither: the expert's residual token takes its place.
    case recovered(Token)
}
