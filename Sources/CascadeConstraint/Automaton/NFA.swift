/// The automaton of one rule before it is made deterministic.
struct NFA {
    private(set) var bytes: [[(set: ByteSet, to: Int)]] = []
    private(set) var empty: [[Int]] = []
    private(set) var calls: [[(rule: Int, to: Int)]] = []
    private var steps = 0
    let rules: RuleSet
    let traits: RuleTraits

    /// The automaton from position 0 to the one that is returned.
    static func of(_ rule: Int, _ rules: RuleSet, _ traits: RuleTraits) throws(GrammarError) -> (nfa: NFA, end: Int) {
        var nfa = NFA(rules: rules, traits: traits)
        do throws(GrammarError) {
            let start = try nfa.position()
            let end = try nfa.add(rules.bodies[rule], from: start)
            return (nfa, end)
        } catch {
            throw GrammarError("rule '\(rules.names[rule])': \(error.message)")
        }
    }

    private init(rules: RuleSet, traits: RuleTraits) {
        self.rules = rules
        self.traits = traits
    }

    private mutating func position() throws(GrammarError) -> Int {
        guard bytes.count < GrammarLimits.mostPositions else {
            throw GrammarError(
                "it takes more than \(GrammarLimits.mostPositions) positions: let it repeat less or choose among fewer"
            )
        }
        bytes.append([])
        empty.append([])
        calls.append([])
        return bytes.count - 1
    }

    private mutating func connect(_ from: Int, _ to: Int) { if from != to { empty[from].append(to) } }

    /// Adds what `expression` stands for behind `from`; returns where it ends.
    private mutating func add(_ expression: Expression, from: Int) throws(GrammarError) -> Int {
        // What is empty takes no position, however often it is repeated.
        steps += 1
        guard steps <= 16 * GrammarLimits.mostPositions else {
            throw GrammarError("it repeats what is repeated too often: let it repeat less")
        }
        switch expression {
        case .bytes(let set):
            let to = try position()
            if !set.isEmpty { bytes[from].append((set, to)) }
            return to
        case .sequence(let parts):
            var end = from
            for part in parts { end = try add(part, from: end) }
            return end
        case .choice(let parts):
            let end = try position()
            for part in parts {
                let start = try position()
                connect(from, start)
                connect(try add(part, from: start), end)
            }
            return end
        case .repeated(let part, let least, let most):
            return try add(part, least, most, from: from)
        case .rule(let number):
            if traits.isInlined[number] { return try add(rules.bodies[number], from: from) }
            let to = try position()
            calls[from].append((number, to))
            // Calls never return before a byte, so that nothing is entered twice at one place of a text.
            if traits.isNullable[number] { connect(from, to) }
            return to
        case .members(let members):
            return try add(members, from: from)
        }
    }

    private mutating func add(
        _ part: Expression,
        _ least: Int,
        _ most: Int?,
        from: Int
    ) throws(GrammarError) -> Int {
        var end = from
        for _ in 0..<least { end = try add(part, from: end) }
        guard let most else {
            let loop = try position()
            connect(end, loop)
            connect(try add(part, from: loop), loop)
            let behind = try position()
            connect(loop, behind)
            return behind
        }
        let behind = try position()
        for _ in 0..<max(0, most - least) {
            connect(end, behind)
            let start = try position()
            connect(end, start)
            end = try add(part, from: start)
        }
        connect(end, behind)
        return behind
    }

    private mutating func add(_ members: Expression.Members, from: Int) throws(GrammarError) -> Int {
        // Where nothing has come yet, if that is still possible, and where something has.
        var none: Int? = from
        var some: Int?
        for member in members.members {
            let entry = try position(), behind = try position()
            if let none { connect(none, entry) }
            if let some { connect(try add(members.separator, from: some), entry) }
            connect(try add(member.value, from: entry), behind)
            if member.isRequired {
                none = nil
            } else if let some {
                connect(some, behind)
            }
            some = behind
        }
        let end = try position()
        if let others = members.others {
            let entry = try position(), behind = try position()
            if let none { connect(none, entry) }
            if let some { connect(some, behind) }
            let next = try position()
            connect(behind, next)
            connect(try add(members.separator, from: next), entry)
            connect(try add(others, from: entry), behind)
            // Something has come at `behind` only: `some` leads there, and `none` past it.
            some = behind
        }
        if let none { connect(none, end) }
        if let some { connect(some, end) }
        return end
    }
}
