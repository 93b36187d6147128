/// Why a store cannot be used: the cause and the way out, for people.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One or two sentences.
    package let description: String
    /// Whether it may be otherwise later, without anybody's doing anything to the store: a disk that was full has room
    /// again.
    package let mayPass: Bool

    /// Creates the error.
    package init(_ description: String, mayPass: Bool = false) {
        self.description = description
        self.mayPass = mayPass
    }
}
