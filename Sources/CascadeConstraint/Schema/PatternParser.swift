/// Reads a regular expression of ECMA-262 as far as it is regular: characters, classes, groups, alternatives and
/// repetitions, with `^` and `$` at the ends of an alternative. As JSON Schema has it, what is not anchored may stand
/// anywhere in the string. The characters are spelled as strings of JSON spell them.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var nesting = 0

    /// Patterns of the formats that are known; others are annotations.
    static let formats: [String: String] = {
        let date = #"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"#
        let time = #"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"#
        let byte = #"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"#
        let label = #"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"#
        return [
            "date": "^\(date)$", "time": "^\(time)$", "date-time": "^\(date)T\(time)$",
            "uuid": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", "ipv4": #"^\#(byte)(\.\#(byte)){3}$"#,
            "email": #"^[A-Za-z0-9_+-]{1,32}(\.[A-Za-z0-9_+-]{1,32}){0,3}@\#(label)(\.\#(label)){1,4}$"#,
        ]
    }()

    /// The content of a string that matches the pattern.
    static func parse(_ pattern: String) throws(GrammarError) -> Expression {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        var alternatives = [try parser.anchored()]
        while parser.take("|") { alternatives.append(try parser.anchored()) }
        guard parser.next == nil else { throw parser.problem("nothing is open that this could close") }
        return .choice(alternatives)
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func problem(_ message: String) -> GrammarError { GrammarError("character \(index + 1): \(message)") }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    /// An alternative of the whole pattern, which may have anchors.
    private mutating func anchored() throws(GrammarError) -> Expression {
        let any = Expression.repeated(StringContent.character(of: .all), least: 0, most: nil)
        let begins = take("^")
        let inner = try sequence()
        let ends = take("$")
        return .sequence((begins ? [] : [any]) + [inner] + (ends ? [] : [any]))
    }

    private mutating func sequence() throws(GrammarError) -> Expression {
        var parts: [Expression] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if scalar == "$", index + 1 == scalars.count || scalars[index + 1] == "|", nesting == 0 { break }
            parts.append(try quantified(try atom()))
        }
        return .sequence(parts)
    }

    private mutating func atom() throws(GrammarError) -> Expression {
        guard let scalar = next else { throw problem("the pattern ends too early") }
        switch scalar {
        case "(": return try group()
        case "[": return StringContent.character(of: try characters())
        case ".":
            index += 1
            return StringContent.character(of: ScalarSet(of: "\n\r\u{2028}\u{2029}").inverted)
        case "^", "$": throw problem("anchors are supported at the ends of the pattern only")
        case "*", "+", "?", "{": throw problem("nothing stands here to repeat: write \\\(scalar) for the character")
        case "\\": return StringContent.character(of: try escape(inClass: false))
        default:
            index += 1
            return StringContent.character(of: ScalarSet([scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(GrammarError) -> Expression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= GrammarLimits.mostNesting else { throw problem("too many groups within each other") }
        index += 1
        if take("?") {
            if take("<"), let first = next, first != "=", first != "!" {
                while let scalar = next, scalar != ">" { index += 1 }
                guard take(">") else { throw problem("the name of a group has no end") }
            } else if !take(":") {
                throw problem("looking ahead or behind is not supported: say it without (?=, (?!, (?<= and (?<!")
            }
        }
        var alternatives = [try sequence()]
        while take("|") { alternatives.append(try sequence()) }
        guard take(")") else { throw problem("a group is not closed") }
        return .choice(alternatives)
    }

    private mutating func quantified(_ part: Expression) throws(GrammarError) -> Expression {
        var bounds: (least: Int, most: Int?)?
        switch next {
        case "*"?: bounds = (0, nil)
        case "+"?: bounds = (1, nil)
        case "?"?: bounds = (0, 1)
        case "{"?:
            index += 1
            guard let least = try count() else { throw problem("expected a number: write \\{ for the character") }
            var most: Int? = least
            if take(",") { most = try count() }
            guard next == "}" else { throw problem("expected '}'") }
            if let most, most < least { throw problem("the larger number has to come second") }
            bounds = (least, most)
        default: return part
        }
        index += 1
        // Which of several ways is tried first does not change what matches.
        _ = take("?")
        return .repeated(part, least: bounds?.least ?? 0, most: bounds?.most)
    }

    private mutating func count() throws(GrammarError) -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            guard value ?? 0 <= GrammarLimits.mostRepetitions else {
                throw problem("more than \(GrammarLimits.mostRepetitions) repetitions: ask for fewer")
            }
            index += 1
        }
        return value
    }
}

extension PatternParser {
    private static let digits = ScalarSet([48...57])
    private static let word = ScalarSet([48...57, 65...90, 95...95, 97...122])
    private static let space = ScalarSet([
        9...13, 32...32, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])

    private mutating func characters() throws(GrammarError) -> ScalarSet {
        index += 1
        let isInverted = take("^")
        var set = ScalarSet([])
        while !take("]") {
            let first = try member()
            if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
                index += 1
                let last = try member()
                guard let low = Self.single(first), let high = Self.single(last), low <= high else {
                    throw problem("a range goes from a character to a later one")
                }
                set = set.union(ScalarSet([low...high]))
            } else {
                set = set.union(first)
            }
        }
        let meant = isInverted ? set.inverted : set
        guard !meant.ranges.isEmpty else { throw problem("a class has no characters") }
        return meant
    }

    private static func single(_ set: ScalarSet) -> UInt32? {
        guard set.ranges.count == 1, set.ranges[0].count == 1 else { return nil }
        return set.ranges[0].lowerBound
    }

    private mutating func member() throws(GrammarError) -> ScalarSet {
        guard let scalar = next else { throw problem("a class is not closed: expected ']'") }
        if scalar == "\\" { return try escape(inClass: true) }
        index += 1
        return ScalarSet([scalar.value...scalar.value])
    }

    private mutating func escape(inClass: Bool) throws(GrammarError) -> ScalarSet {
        index += 1
        guard let scalar = next else { throw problem("the pattern ends behind a backslash") }
        func one(_ value: UInt32) -> ScalarSet { ScalarSet([value...value]) }
        index += 1
        switch scalar {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.word
        case "W": return Self.word.inverted
        case "s": return Self.space
        case "S": return Self.space.inverted
        case "n": return one(10)
        case "r": return one(13)
        case "t": return one(9)
        case "f": return one(12)
        case "v": return one(11)
        case "b" where inClass: return one(8)
        case "x": return one(try hexadecimal(2))
        case "u": return one(try hexadecimal(4))
        default:
            guard scalar.isASCII, !Character(scalar).isLetter, !Character(scalar).isNumber else {
                throw problem("\\\(scalar) is not supported: references, borders and properties are no characters")
            }
            return one(scalar.value)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(GrammarError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw problem("expected \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        guard Unicode.Scalar(value) != nil else { throw problem("half of a surrogate pair is no character") }
        return value
    }
}
