/// What a rule says: which sequences of bytes it stands for.
indirect enum Expression: Sendable {
    /// One byte of the set.
    case bytes(ByteSet)
    /// One behind the other; without parts, the empty text.
    case sequence([Expression])
    case choice([Expression])
    /// So many times; without `most`, as often as one likes.
    case repeated(Expression, least: Int, most: Int?)
    /// What the rule of this number says.
    case rule(Int)
    /// Members of an object in their order, with what stands between two of them; see ``Members``.
    case members(Members)

    static let empty = Expression.sequence([])

    /// These bytes.
    static func literal(_ text: some Sequence<UInt8>) -> Expression {
        .sequence(text.map { .bytes(ByteSet($0)) })
    }

    static func literal(_ text: String) -> Expression { .literal(text.utf8) }

    static func optional(_ expression: Expression) -> Expression { .repeated(expression, least: 0, most: 1) }

    /// Members in a fixed order, of which the optional ones may be left out. A separator stands between two, so what
    /// may come depends on whether one has come already: not a matter of sequences, which would copy the members.
    struct Members: Sendable {
        var members: [(value: Expression, isRequired: Bool)]
        /// What may come any number of times behind all of them.
        var others: Expression?
        var separator: Expression
    }
}

extension Expression {
    /// Whether it can be empty, where `isNullable` says so of rules.
    func isNullable(_ isNullable: (Int) -> Bool) -> Bool {
        switch self {
        case .bytes: false
        case .sequence(let parts): parts.allSatisfy { $0.isNullable(isNullable) }
        case .choice(let parts): parts.contains { $0.isNullable(isNullable) }
        case .repeated(let part, let least, _): least == 0 || part.isNullable(isNullable)
        case .rule(let number): isNullable(number)
        case .members(let members): members.members.allSatisfy { !$0.isRequired || $0.value.isNullable(isNullable) }
        }
    }

    /// How many positions it takes, where `sizeOfRule` says it of rules; saturates far above every limit.
    func size(_ sizeOfRule: (Int) -> Int) -> Int {
        func sum(_ sizes: [Int]) -> Int { sizes.reduce(2) { min($0 + $1, 1 << 40) } }
        switch self {
        case .bytes: return 2
        case .sequence(let parts), .choice(let parts): return sum(parts.map { $0.size(sizeOfRule) })
        case .repeated(let part, let least, let most):
            let times = max(most ?? (least + 1), 1)
            let (size, overflows) = part.size(sizeOfRule).multipliedReportingOverflow(by: times)
            return overflows ? 1 << 40 : min(size, 1 << 40)
        case .rule(let number): return sizeOfRule(number)
        case .members(let members):
            let separator = members.separator.size(sizeOfRule)
            return sum(
                (members.members.map(\.value) + [members.others ?? .empty]).map {
                    $0.size(sizeOfRule) + separator
                }
            )
        }
    }

    /// Tells `body` of every rule that is mentioned.
    func forEachRule(_ body: (Int) -> Void) {
        switch self {
        case .bytes: break
        case .sequence(let parts), .choice(let parts): for part in parts { part.forEachRule(body) }
        case .repeated(let part, _, _): part.forEachRule(body)
        case .rule(let number): body(number)
        case .members(let members):
            for member in members.members { member.value.forEachRule(body) }
            members.others?.forEachRule(body)
            members.separator.forEachRule(body)
        }
    }

    /// Tells `body` of every set of bytes that occurs.
    func forEachSet(_ body: (ByteSet) -> Void) {
        switch self {
        case .bytes(let set): body(set)
        case .sequence(let parts), .choice(let parts): for part in parts { part.forEachSet(body) }
        case .repeated(let part, _, _): part.forEachSet(body)
        case .rule: break
        case .members(let members):
            for member in members.members { member.value.forEachSet(body) }
            members.others?.forEachSet(body)
            members.separator.forEachSet(body)
        }
    }
}
