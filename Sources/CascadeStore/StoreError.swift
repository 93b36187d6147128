/// Why a store cannot be used: the cause and the way out, for people.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One or two sentences.
    package let description: String

    /// Creates the error.
    package init(_ description: String) {
        self.description = description
    }
}
