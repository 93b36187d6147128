/// What `loop` knows inside a `for`.
struct TemplateLoop {
    /// The loop itself, where its body may call it.
    let recursion: TemplateStatement.Loop?
    let items: [TemplateValue]
    /// How many calls of the loop by its own body this is inside of.
    let depth: Int
    /// The innermost scope that it sees beside the template's own.
    let base: Int
    var index = 0

    init(_ loop: TemplateStatement.Loop, items: [TemplateValue], depth: Int, base: Int) {
        recursion = loop.isRecursive ? loop : nil
        (self.items, self.depth, self.base) = (items, depth, base)
    }

    /// `loop.name`; nil where a loop has no such attribute.
    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .boolean(index == 0)
        case "last": .boolean(index == items.count - 1)
        case "length": .integer(items.count)
        case "depth": .integer(depth + 1)
        case "depth0": .integer(depth)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        default: nil
        }
    }

    /// The loop as a value of its own, which is rare: a map of its attributes at this iteration.
    var value: TemplateValue {
        let names = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"]
        return .map(TemplateMap(names.compactMap { name in attribute(name).map { (name, $0) } }))
    }
}
