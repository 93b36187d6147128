/// Rules with their names, by number.
struct RuleSet: Sendable {
    private(set) var names: [String] = []
    private(set) var bodies: [Expression] = []
    private var numbers: [String: Int] = [:]

    func number(of name: String) -> Int? { numbers[name] }

    /// Adds a rule; the names of those that nobody looks up need not differ.
    mutating func add(_ name: String, _ body: Expression) throws(GrammarError) -> Int {
        guard bodies.count < GrammarLimits.mostRules else {
            throw GrammarError("more than \(GrammarLimits.mostRules) rules: make the grammar smaller")
        }
        names.append(name)
        bodies.append(body)
        numbers[name] = names.count - 1
        return names.count - 1
    }

    mutating func define(_ rule: Int, _ body: Expression) { bodies[rule] = body }
}
