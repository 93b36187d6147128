/// Why a job failed.
package struct JobError: Equatable, Sendable {
    /// For programs.
    package var code: RefusalCode
    /// For people: the cause and the way out.
    package let message: String

    /// Unicode scalars of a message that are kept: it may be a node's or a chat template's own words, and an answer
    /// whose error is too long cannot be read.
    package static let messageLength = 1_000

    /// Creates the value from its parts; a message that is too long is cut.
    package init(code: RefusalCode, message: String) {
        self.code = code
        self.message = message.beginning(scalars: Self.messageLength)
    }
}
