/// Why a prompt does not become tokens. The way out is for the caller to add: each has its own options.
package struct PromptError: Error, CustomStringConvertible {
    /// The cause.
    package let description: String
    /// Whether another chat template, or none, would help: the texts themselves are in order.
    package let isOfTemplate: Bool

    init(_ description: String, isOfTemplate: Bool = true) {
        self.description = description
        self.isOfTemplate = isOfTemplate
    }
}
