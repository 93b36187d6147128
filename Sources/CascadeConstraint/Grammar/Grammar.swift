/// What a text may be, parsed, checked and made into an automaton over bytes.
///
/// A grammar is bounded whatever its author wants (``GrammarLimits``): what is too large is refused in words, never
/// cut. Nesting is bounded too: what would need more than ``GrammarLimits/mostDepth`` calls within each other is not
/// of the language, and every text that has been begun can still be ended within that bound.
package struct Grammar: Sendable {
    let automaton: Automaton

    init(_ rules: RuleSet, root: Int) throws(GrammarError) {
        automaton = try RuleCompiler.compile(rules, root: root)
    }

    /// Reads a grammar in llama.cpp's GBNF and begins it at the rule that `root` names.
    package init(gbnf: String, root: String = "root") throws(GrammarError) {
        let rules = try GBNFParser.parse(gbnf)
        guard let start = rules.number(of: root) else {
            throw GrammarError("there is no rule '\(root)', with which the grammar begins: add '\(root) ::= …'")
        }
        try self.init(rules, root: start)
    }

    /// Reads a JSON Schema, whose text is JSON; what restricts and is not supported is refused by name and path.
    package init(jsonSchema: String) throws(GrammarError) {
        self = try SchemaCompiler.grammar(of: jsonSchema)
    }

    /// Any JSON object, written compactly: a blank may follow a comma or a colon, and no other blanks occur.
    package static let jsonObject: Grammar = {
        do throws(GrammarError) {
            var rules = RuleSet()
            let root = try rules.add("object", .empty)
            let value = try JSONTerminals.value(in: &rules)
            rules.define(root, JSONTerminals.object(of: .rule(value)))
            return try Grammar(rules, root: root)
        } catch {
            preconditionFailure("the grammar of JSON is refused: \(error.message)")
        }
    }()
}

/// Why a grammar or schema is refused, with its place and what to do.
package struct GrammarError: Error, Equatable, Sendable {
    /// For people: what is wrong, where, and the way out.
    package var message: String

    package init(_ message: String) { self.message = message }
}

/// What bounds the work and memory that a grammar may ask for.
enum GrammarLimits {
    /// Bytes of the text of a grammar or schema.
    static let mostBytes = 65536
    /// Rules of a grammar, those made of repetitions and schemas included.
    static let mostRules = 4096
    /// The largest number within `{m,n}`, and of items or characters in a schema.
    static let mostRepetitions = 20000
    /// Groups within each other in a grammar's text; schemas within each other.
    static let mostNesting = 64
    /// Schemas that are read where references are followed, those read again beside other restrictions included.
    static let mostSchemas = 8192
    /// Steps that comparing the members of schemas within `allOf` and beside `$ref` or `anyOf` may take.
    static let mostMergeWork = 3_000_000
    /// Entries of `prefixItems`: each stands within the one before it.
    static let mostPrefixItems = 256
    /// Positions of all rules, before and behind determinising.
    static let mostPositions = 1 << 16
    /// Entries of the table that leads from position and class of bytes to position.
    static let mostTransitions = 1 << 22
    /// Steps that determinising may take.
    static let mostWork = 30_000_000
    /// Calls of rules within each other.
    static let mostDepth = 64
    /// Readings of a text that are followed beside each other.
    static let mostStacks = 32
}
