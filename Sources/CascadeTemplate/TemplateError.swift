/// Why a chat template could not be read or rendered.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
    /// What sort of failure it is.
    package enum Kind: Sendable, Equatable {
        /// The source is not a template.
        case syntax
        /// Jinja or Python has it, this renderer does not.
        case unsupported
        /// An undefined value was used, or a value of the wrong type.
        case evaluation
        /// The template refused the conversation with `raise_exception`.
        case raised
        /// A bound of `TemplateLimits` was reached.
        case limit
    }

    /// What sort of failure it is.
    package let kind: Kind
    /// What happened; for `raised` the template's own words.
    package let message: String
    /// Where in the source, as far as it is known.
    package private(set) var position: TemplatePosition?

    /// The position, where it is known, and the message.
    package var description: String {
        guard let position else { return message }
        return "line \(position.line), column \(position.column): \(message)"
    }

    /// The same error with a position, unless it has one: the innermost expression that failed is the one to name.
    func located(at position: TemplatePosition) -> TemplateError {
        var error = self
        error.position = self.position ?? position
        return error
    }

    static func syntax(_ message: String, at position: TemplatePosition) -> TemplateError {
        TemplateError(kind: .syntax, message: message, position: position)
    }

    /// An error about what Jinja has and this renderer does not: `message` is its name, as in "the filter 'x'".
    static func unsupported(_ message: String, at position: TemplatePosition? = nil) -> TemplateError {
        TemplateError(kind: .unsupported, message: "\(message) is not supported", position: position)
    }

    static func evaluation(_ message: String) -> TemplateError {
        TemplateError(kind: .evaluation, message: message)
    }

    static func limit(_ message: String, at position: TemplatePosition? = nil) -> TemplateError {
        TemplateError(kind: .limit, message: message, position: position)
    }

    static func raised(_ message: String) -> TemplateError {
        TemplateError(kind: .raised, message: message)
    }

    private init(kind: Kind, message: String, position: TemplatePosition? = nil) {
        self.kind = kind
        self.message = message
        self.position = position
    }
}

/// A place in a template's source; both numbers begin at 1, columns count Unicode scalars.
package struct TemplatePosition: Sendable, Equatable {
    /// The line.
    package let line: Int
    /// The column.
    package let column: Int
}
