/// A place in a template's source; both numbers begin at 1, columns count Unicode scalars.
package struct TemplatePosition: Sendable, Equatable {
    /// The line.
    package let line: Int
    /// The column.
    package let column: Int
}
