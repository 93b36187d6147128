/// Why a run cannot start or go on, in words for the user.
package struct EvalError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    /// Creates the error.
    package init(_ description: String) { self.description = description }
}
