/// Why a prompt does not become tokens. The way out is for the caller to add: each has its own options.
package struct PromptError: Error, CustomStringConvertible {
    /// The cause.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
