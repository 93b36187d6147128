/// How a prompt becomes tokens.
package enum PromptFormat: UInt32, CaseIterable, Sendable {
    /// By the model's chat template where it has one, else as it is.
    case automatic = 1
    /// As one user message in the model's chat template; refused where the model has none.
    case chat = 2
    /// As it is.
    case raw = 3
}
