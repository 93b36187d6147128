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
