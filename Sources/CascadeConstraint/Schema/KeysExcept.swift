import CascadeJSON

/// The keys that are none of some names. They are written without `\u` wherever one can, so that no name comes back in
/// another spelling.
struct KeysExcept {
    private static let longestName = 128

    private let names: [[Unicode.Scalar]]

    init(_ names: Set<String>, _ path: String) throws(GrammarError) {
        self.names = names.map { Array($0.unicodeScalars) }
        guard self.names.allSatisfy({ $0.count <= Self.longestName }) else {
            throw GrammarError(
                "\(path)/additionalProperties: not supported beside names of more than \(Self.longestName) characters: "
                    + "set it to false"
            )
        }
    }

    func expression() -> Expression {
        if names.isEmpty { return JSONTerminals.string() }
        return JSONTerminals.quoted(rest(names[...].map { $0[...] }))
    }

    /// What may follow the common beginning of names of which `rests` are left.
    private func rest(_ rests: [ArraySlice<Unicode.Scalar>]) -> Expression {
        var byFirst: [Unicode.Scalar: [ArraySlice<Unicode.Scalar>]] = [:]
        for name in rests { if let first = name.first { byFirst[first, default: []].append(name.dropFirst()) } }
        let firsts = ScalarSet(byFirst.keys.map { $0.value...$0.value })
        var choice: [Expression] = [
            .sequence([
                StringContent.character(of: firsts.inverted),
                .repeated(StringContent.character(of: .all), least: 0, most: nil),
            ])
        ]
        for (first, rests) in byFirst.sorted(by: { $0.key < $1.key }) {
            let character = StringContent.character(of: ScalarSet([first.value...first.value]))
            choice.append(.sequence([character, rest(rests)]))
        }
        if !rests.contains(where: \.isEmpty) { choice.append(.empty) }
        return .choice(choice)
    }
}

/// Characters as strings of JSON have them in one spelling: the shortest, with small digits.
enum StringContent {
    private static let short: [(value: UInt32, letter: String)] = [
        (0x22, "\""), (0x5C, "\\"), (0x08, "b"), (0x0C, "f"), (0x0A, "n"), (0x0D, "r"), (0x09, "t"),
    ]

    /// One character of the set.
    static func character(of set: ScalarSet) -> Expression {
        var choice: [Expression] = []
        let plain = set.intersection(JSONTerminals.plain)
        if !plain.ranges.isEmpty { choice.append(plain.expression) }
        for (value, letter) in short where set.contains(value) { choice.append(.literal("\\" + letter)) }
        for value in UInt32(0)..<0x20 where set.contains(value) && !short.contains(where: { $0.value == value }) {
            choice.append(.literal("\\u00" + (value < 16 ? "0" : "") + String(value, radix: 16)))
        }
        return choice.count == 1 ? choice[0] : .choice(choice)
    }
}
