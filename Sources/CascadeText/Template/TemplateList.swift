/// A list or tuple of a template.
package struct TemplateList: Sendable {
    /// The elements.
    package let elements: [TemplateValue]
    /// Whether Python would print it in round brackets.
    package let isTuple: Bool
    /// How many lists and maps are inside one another, this one included.
    let depth: Int

    /// Creates a list or tuple.
    package init(_ elements: [TemplateValue], isTuple: Bool = false) {
        self.elements = elements
        self.isTuple = isTuple
        depth = 1 + elements.reduce(0) { max($0, $1.depth) }
    }
}
