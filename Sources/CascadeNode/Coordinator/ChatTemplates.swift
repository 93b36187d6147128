package import CascadeTemplate

/// The chat templates that an operator gives pools in place of those of their models' files.
package struct ChatTemplates: Sendable {
    private var ofAllPools: ChatTemplate?
    private var ofPool: [String: ChatTemplate] = [:]

    /// None: every model has its own.
    package init() {}

    /// Gives a pool, or all without one of their own where `pool` is nil, a template.
    package mutating func set(_ template: ChatTemplate, pool: String?) {
        if let pool { ofPool[pool] = template } else { ofAllPools = template }
    }

    /// What stands in for the own template of a pool's model.
    package func template(ofPool pool: String) -> ChatTemplate? {
        ofPool[pool] ?? ofAllPools
    }

    /// What to do about a template that is of no use, for people.
    static let wayOut = "submit with --raw to send the prompt as it is, or \(otherTemplate)"

    /// What is left of that for messages, which nothing but a template writes out.
    static let otherTemplate = "start the coordinator (or 'cascade up') with --chat-template FILE"
}
