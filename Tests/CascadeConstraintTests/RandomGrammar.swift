/// A small grammar drawn at random, its GBNF, and what it means, told by trying everything.
struct RandomGrammar {
    indirect enum Node {
        case text(String)
        case set(Set<Character>)
        case rule(Int)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, Int, Int?)
    }

    static let alphabet: [Character] = ["a", "b", "c"]

    var rules: [Node] = []

    init(using generator: inout SeededGenerator) {
        let count = Int.random(in: 1...4, using: &generator)
        rules = (0..<count).map { _ in Self.node(2, count, &generator) }
    }

    private static func node(_ depth: Int, _ rules: Int, _ generator: inout SeededGenerator) -> Node {
        let parts = { (generator: inout SeededGenerator) in
            (0..<Int.random(in: 1...3, using: &generator)).map { _ in node(depth - 1, rules, &generator) }
        }
        switch Int.random(in: 0..<(depth > 0 ? 10 : 4), using: &generator) {
        case 0, 1:
            let length = Int.random(in: 0...2, using: &generator)
            return .text(String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "a" }))
        case 2: return .set(Set((0...1).map { _ in alphabet.randomElement(using: &generator) ?? "b" }))
        case 3: return .rule(Int.random(in: 0..<rules, using: &generator))
        case 4, 5, 6: return .sequence(parts(&generator))
        case 7, 8: return .choice(parts(&generator))
        default:
            let least = Int.random(in: 0...2, using: &generator)
            let most = Bool.random(using: &generator) ? nil : least + Int.random(in: 0...2, using: &generator)
            return .repeated(node(depth - 1, rules, &generator), least, most)
        }
    }

    var text: String {
        func text(_ node: Node) -> String {
            switch node {
            case .text(let text): "\"\(text)\""
            case .set(let set): "[\(String(set.sorted()))]"
            case .rule(let number): number == 0 ? "root" : "r\(number)"
            case .sequence(let parts): "(" + parts.map(text).joined(separator: " ") + ")"
            case .choice(let parts): "(" + parts.map(text).joined(separator: " | ") + ")"
            case .repeated(let part, let least, let most): "(\(text(part))){\(least),\(most.map(String.init) ?? "")}"
            }
        }
        return rules.enumerated().map { "\($0 == 0 ? "root" : "r\($0)") ::= \(text($1))" }.joined(separator: "\n")
    }

    func accepts(_ text: [Character]) -> Bool { ends(rules[0], text, [0]).contains(text.count) }

    /// Where the node may end that begins at one of `starts`. Rules do not begin with themselves, so this ends.
    private func ends(_ node: Node, _ text: [Character], _ starts: Set<Int>) -> Set<Int> {
        if starts.isEmpty { return [] }
        switch node {
        case .text(let word):
            let word = Array(word)
            return Set(starts.filter { text[$0...].starts(with: word) }.map { $0 + word.count })
        case .set(let set): return Set(starts.filter { $0 < text.count && set.contains(text[$0]) }.map { $0 + 1 })
        case .rule(let number): return ends(rules[number], text, starts)
        case .sequence(let parts): return parts.reduce(starts) { ends($1, text, $0) }
        case .choice(let parts): return parts.reduce(into: []) { $0.formUnion(ends($1, text, starts)) }
        case .repeated(let part, let least, let most):
            var here = starts
            for _ in 0..<least { here = ends(part, text, here) }
            var all = here
            for _ in 0..<(most.map { $0 - least } ?? text.count + 1) {
                here = ends(part, text, here)
                all.formUnion(here)
            }
            return all
        }
    }

    /// All texts of the alphabet up to a length.
    static func texts(_ length: Int) -> [[Character]] {
        var all: [[Character]] = [[]], last: [[Character]] = [[]]
        for _ in 0..<length {
            last = last.flatMap { text in alphabet.map { text + [$0] } }
            all += last
        }
        return all
    }
}
