/// What `loop` knows inside a `for`.
struct TemplateLoop {
    let items: [TemplateValue]
    var index = 0

    init(items: [TemplateValue]) {
        self.items = items
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
