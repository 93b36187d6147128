/// Counts what a rendering costs. All text, lists and maps that a template makes are made here, so that none escapes
/// the bounds.
struct TemplateMeter {
    private var steps = 0
    private var depth = 0

    /// Counts work.
    mutating func spend(_ count: Int = 1) throws(TemplateError) {
        // Each count is at most the size of a value in memory, so the sum cannot overflow before it is refused.
        steps += count
        guard steps <= TemplateLimits.steps else {
            throw .limit("the template takes more than \(TemplateLimits.steps) steps")
        }
    }

    /// Counts the reading or writing of `count` bytes.
    mutating func spend(bytes count: Int) throws(TemplateError) {
        try spend(1 + count / TemplateLimits.bytesPerStep)
    }

    /// Counts work on a text of `count` bytes character by character.
    mutating func spend(characterBytes count: Int) throws(TemplateError) {
        try spend(1 + count / TemplateLimits.characterBytesPerStep)
    }

    /// Counts the reading or writing of `count` elements.
    mutating func spend(elements count: Int) throws(TemplateError) {
        try spend(1 + count / TemplateLimits.elementsPerStep)
    }

    /// Goes one evaluation deeper; each success is paired with `leave`.
    mutating func enter() throws(TemplateError) {
        guard depth < TemplateLimits.depth else {
            throw .limit("more than \(TemplateLimits.depth) nested evaluations")
        }
        try spend()
        depth += 1
    }

    /// Ends what `enter` began.
    mutating func leave() {
        depth -= 1
    }

    /// Appends text within the bound of one string; only what is appended costs.
    mutating func append(_ piece: TemplateString, to text: inout TemplateString) throws(TemplateError) {
        try check(bytes: text.count + piece.count)
        try spend(bytes: piece.count)
        text.append(piece)
    }

    /// Refuses a new text that would be too long before it is made, and counts its making.
    mutating func reserve(_ bytes: Int) throws(TemplateError) {
        try check(bytes: bytes)
        try spend(bytes: bytes)
    }

    /// A list, unless it is nested too deep.
    mutating func list(_ elements: [TemplateValue], isTuple: Bool = false) throws(TemplateError) -> TemplateValue {
        try spend(elements: elements.count)
        let list = TemplateList(elements, isTuple: isTuple)
        try check(depth: list.depth)
        return .list(list)
    }

    /// A tuple of `groupby`.
    mutating func group(_ common: TemplateValue, _ elements: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard case .list(let tuple) = try list([common, elements], isTuple: true) else { return .null }
        return .list(tuple.asGroup)
    }

    /// A map of the entries; a later entry of the same key takes the earlier one's place, as in Python.
    mutating func map(_ entries: [TemplateMap.Entry]) throws(TemplateError) -> TemplateValue {
        var map = TemplateMap()
        for entry in entries {
            try spend(elements: map.entries.count)
            guard entry.key.isKey else {
                throw .unsupported("\(entry.key.typeName) as a map's key")
            }
            map.set(entry.key, entry.value)
        }
        try check(depth: map.depth)
        return .map(map)
    }

    private func check(bytes: Int) throws(TemplateError) {
        guard bytes <= TemplateLimits.textBytes else {
            throw .limit("a text of more than \(TemplateLimits.textBytes) bytes")
        }
    }

    private func check(depth: Int) throws(TemplateError) {
        guard depth <= TemplateLimits.valueDepth else {
            throw .limit("values nested more than \(TemplateLimits.valueDepth) deep")
        }
    }
}

/// The bounds that keep a hostile template from hanging, filling the memory or overflowing the stack.
enum TemplateLimits {
    /// Bytes of a template's source; the largest known ones have about 30 thousand.
    static let sourceBytes = 1 << 18
    /// Nested tags, brackets and operators in the source.
    static let nesting = 64
    /// Nested evaluations: nesting of the source times nesting of macro calls. One takes up to 2 kB of stack.
    static let depth = 128
    /// Lists and maps inside one another; printing, comparing and freeing a value recurse this deep.
    static let valueDepth = 64
    /// Bytes of one string, so also of the output.
    static let textBytes = 16 << 20
    /// Elements of a `range()`, as in Jinja's sandbox, of a repeated list, and parts of a text that is cut up.
    static let elements = 100_000
    /// Work of one rendering: a step is an expression, a statement, or as much of a value as below. A step takes at
    /// most about a microsecond, so that all of them take seconds.
    static let steps = 2_000_000
    /// Bytes copied, searched or compared in one step.
    static let bytesPerStep = 128
    /// Bytes of a text that is worked on character by character in one step.
    static let characterBytesPerStep = 16
    /// Elements or map entries copied or searched in one step.
    static let elementsPerStep = 4
}
