/// A list or tuple of a template.
package struct TemplateList: Sendable {
    /// The elements.
    package let elements: [TemplateValue]
    /// Whether Python would print it in round brackets.
    package let isTuple: Bool
    /// Whether it is a tuple of `groupby`, whose two elements have names.
    private(set) var isGroup = false
    /// How many lists and maps are inside one another, this one included.
    let depth: Int

    /// The same, as a group; the elements are what the group has in common and its list.
    var asGroup: TemplateList {
        var group = self
        group.isGroup = true
        return group
    }

    /// An element of a group by its name.
    func groupPart(_ name: String) -> TemplateValue? {
        guard isGroup else { return nil }
        switch name {
        case "grouper": return elements[0]
        case "list": return elements[1]
        default: return nil
        }
    }

    /// Creates a list or tuple.
    package init(_ elements: [TemplateValue], isTuple: Bool = false) {
        self.elements = elements
        self.isTuple = isTuple
        depth = 1 + elements.reduce(0) { max($0, $1.depth) }
    }
}
