/// Reads llama.cpp's GBNF: rules of alternatives of strings, classes of characters, groups and names, with repetitions.
struct GBNFParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var rules = RuleSet()
    /// Names in the order in which they were first met, where that was, and whether there is a rule of the name.
    private var places: [Int] = []
    private var isDefined: [Bool] = []
    private var nesting = 0

    static func parse(_ text: String) throws(GrammarError) -> RuleSet {
        guard text.utf8.count <= GrammarLimits.mostBytes else {
            throw GrammarError("the grammar is longer than \(GrammarLimits.mostBytes) bytes: make it smaller")
        }
        var parser = GBNFParser(scalars: Array(text.unicodeScalars))
        parser.skipBlanks(newlines: true)
        while parser.next != nil { try parser.rule() }
        if let rule = parser.isDefined.firstIndex(of: false) {
            let name = parser.rules.names[rule]
            throw parser.problem("there is no rule '\(name)': add '\(name) ::= …'", at: parser.places[rule])
        }
        return parser.rules
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func problem(_ message: String, at place: Int? = nil) -> GrammarError {
        let before = scalars[..<min(place ?? index, scalars.count)]
        let line = before.count { $0 == "\n" } + 1
        let column = before.count - (before.lastIndex(of: "\n").map { $0 + 1 } ?? 0) + 1
        return GrammarError("line \(line), column \(column): \(message)")
    }

    private mutating func take(_ text: String) -> Bool {
        guard scalars[index...].starts(with: text.unicodeScalars) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    private mutating func skipBlanks(newlines: Bool) {
        while let scalar = next {
            if scalar == "#" {
                while let scalar = next, scalar != "\n", scalar != "\r" { index += 1 }
            } else if scalar == " " || scalar == "\t" || newlines && (scalar == "\n" || scalar == "\r") {
                index += 1
            } else {
                return
            }
        }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }

    private mutating func name() -> String? {
        let start = index
        while let scalar = next, Self.isNamePart(scalar) { index += 1 }
        guard index > start else { return nil }
        return String(String.UnicodeScalarView(scalars[start..<index]))
    }

    private mutating func number(of name: String, at place: Int) throws(GrammarError) -> Int {
        if let number = rules.number(of: name) { return number }
        places.append(place)
        isDefined.append(false)
        return try rules.add(name, .empty)
    }

    private mutating func rule() throws(GrammarError) {
        let place = index
        guard let name = name() else { throw problem("expected the name of a rule") }
        skipBlanks(newlines: false)
        guard take("::=") else { throw problem("expected '::=' behind the name of a rule") }
        let rule = try number(of: name, at: place)
        guard !isDefined[rule] else {
            throw problem("there are two rules '\(name)': join them with '|' or rename one", at: place)
        }
        skipBlanks(newlines: true)
        rules.define(rule, try alternatives(nested: false))
        isDefined[rule] = true
        guard next == nil || next == "\n" || next == "\r" else {
            throw problem("expected the end of the line, '|' or something that a rule is made of")
        }
        skipBlanks(newlines: true)
    }

    private mutating func alternatives(nested: Bool) throws(GrammarError) -> Expression {
        var alternatives = [try sequence(nested: nested)]
        while take("|") {
            skipBlanks(newlines: true)
            alternatives.append(try sequence(nested: nested))
        }
        return alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
    }

    private mutating func sequence(nested: Bool) throws(GrammarError) -> Expression {
        var parts: [Expression] = []
        while var part = try item() {
            var repetitions = 0
            skipBlanks(newlines: nested)
            while let (least, most) = try repetition() {
                repetitions += 1
                guard repetitions <= 8 else { throw problem("more than 8 repetitions behind each other: write one") }
                part = .repeated(part, least: least, most: most)
                skipBlanks(newlines: nested)
            }
            parts.append(part)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func item() throws(GrammarError) -> Expression? {
        switch next {
        case "\""?: return .literal(try string())
        case "["?: return try characters()
        case "."?:
            index += 1
            return ScalarSet.all.expression
        case "("?: return try group()
        case "<"?: throw problem("tokens in angle brackets are not supported: write their text in quotes")
        default:
            let place = index
            guard let name = name() else { return nil }
            return .rule(try number(of: name, at: place))
        }
    }

    private mutating func group() throws(GrammarError) -> Expression {
        let place = index
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= GrammarLimits.mostNesting else {
            throw problem("more than \(GrammarLimits.mostNesting) groups within each other: make some of them rules")
        }
        index += 1
        skipBlanks(newlines: true)
        let inner = try alternatives(nested: true)
        guard take(")") else { throw problem("this group is not closed: expected ')'", at: place) }
        return inner
    }

    /// `*`, `+`, `?` or numbers in braces, if they come next.
    private mutating func repetition() throws(GrammarError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let place = index
        guard take("{") else { return nil }
        skipBlanks(newlines: true)
        guard let least = try count() else { throw problem("expected a number in the braces") }
        skipBlanks(newlines: true)
        var most: Int? = least
        if take(",") {
            skipBlanks(newlines: true)
            most = try count()
            skipBlanks(newlines: true)
        }
        guard take("}") else { throw problem("expected '}'") }
        if let most, most < least { throw problem("the larger number has to come second", at: place) }
        return (least, most)
    }

    private mutating func count() throws(GrammarError) -> Int? {
        let place = index
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            index += 1
            guard value ?? 0 <= GrammarLimits.mostRepetitions else {
                throw problem(
                    "more than \(GrammarLimits.mostRepetitions) repetitions: ask for fewer, or for any number with *",
                    at: place
                )
            }
        }
        return value
    }
}

extension GBNFParser {
    private mutating func string() throws(GrammarError) -> String {
        let place = index
        index += 1
        var text = String.UnicodeScalarView()
        while !take("\"") {
            guard next != nil else { throw problem("this string is not closed: expected '\"'", at: place) }
            text.append(try character())
        }
        return String(text)
    }

    private mutating func characters() throws(GrammarError) -> Expression {
        let place = index
        index += 1
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            guard next != nil else { throw problem("this class is not closed: expected ']'", at: place) }
            let start = index
            let first = try character().value
            guard next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                ranges.append(first...first)
                continue
            }
            index += 1
            let last = try character().value
            guard first <= last else { throw problem("this range ends before it begins: turn it round", at: start) }
            ranges.append(first...last)
        }
        let set = isInverted ? ScalarSet(ranges).inverted : ScalarSet(ranges)
        guard !set.ranges.isEmpty else { throw problem("this class has no characters: add one", at: place) }
        return set.expression
    }

    /// One character of a string or class, written as it is or behind a backslash.
    private mutating func character() throws(GrammarError) -> Unicode.Scalar {
        let place = index
        guard let first = next else { throw problem("the grammar ends where a character should be") }
        index += 1
        guard first == "\\" else { return first }
        guard let kind = next else { throw problem("the grammar ends behind a backslash") }
        index += 1
        switch kind {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "\\", "\"", "[", "]": return kind
        case "x": return try digits(2, place)
        case "u": return try digits(4, place)
        case "U": return try digits(8, place)
        default:
            throw problem(
                "no character is written so: \\n \\r \\t \\\\ \\\" \\[ \\] \\xNN \\uNNNN \\UNNNNNNNN",
                at: place
            )
        }
    }

    private mutating func digits(_ count: Int, _ place: Int) throws(GrammarError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next.flatMap({ Character($0).hexDigitValue }), next?.isASCII == true else {
                throw problem("expected \(count) hexadecimal digits", at: place)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw problem("there is no such character", at: place) }
        return scalar
    }
}
