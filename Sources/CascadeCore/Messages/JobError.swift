/// Why a job failed.
package struct JobError: Equatable, Sendable {
    /// For programs.
    package var code: RefusalCode
    /// For people: the cause and the way out.
    package var message: String

    /// Creates the value from its parts.
    package init(code: RefusalCode, message: String) {
        self.code = code
        self.message = message
    }
}
