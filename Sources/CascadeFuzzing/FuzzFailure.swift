/// A promise that an input broke.
package struct FuzzFailure: Error, Equatable, CustomStringConvertible {
    /// What was promised and what came instead.
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}
