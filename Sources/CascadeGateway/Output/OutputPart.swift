/// What the text of an assistant's answer is made of.
enum OutputPart: Equatable, Sendable {
    /// What is said to the user.
    case content(String)
    /// What the model wrote between `<think>` and `</think>` before it answered.
    case reasoning(String)
    /// A tool that is to be called.
    case toolCall(name: String, arguments: String)
}
