/// What an answer's text has to be: at each position only tokens come into question that the text may go on with, on
/// both roles alike (decisions.md 8d).
///
/// What that is at a position is a function of the constraint and the answer's tokens before it, drafted ones included:
/// it is worked out anew wherever it is needed, and no state of it ever travels.
package struct OutputConstraint: Hashable, Sendable {
    /// How the text is described.
    package enum Kind: String, CaseIterable, Sendable {
        /// A grammar as llama.cpp writes them (GBNF), which begins at its rule `root`.
        case grammar
        /// A JSON schema.
        case jsonSchema = "json-schema"
        /// Any JSON object; there is no text.
        case jsonObject = "json-object"
    }

    /// What a node has to know for a job that has one, see ``SamplingSettings/version``.
    package static let version: UInt32 = 2

    /// How the text is described.
    package var kind: Kind
    /// The grammar or schema; empty where the kind says all.
    package var text: String

    /// Creates a constraint.
    package init(_ kind: Kind, _ text: String = "") {
        self.kind = kind
        self.text = text
    }

    /// Any JSON object.
    package static let jsonObject = OutputConstraint(.jsonObject)

    /// What it is, for people.
    package var name: String {
        switch kind {
        case .grammar: "grammar"
        case .jsonSchema: "JSON schema"
        case .jsonObject: "any JSON object"
        }
    }
}
