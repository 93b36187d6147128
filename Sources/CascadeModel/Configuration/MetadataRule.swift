/// What becomes of a metadata key: each one that llama.cpp reads for the architectures served is used here, harmless,
/// or refused where its value would change what is computed. A key is never ignored without a reason.
struct MetadataRule: Sendable {
    /// What is done with a key.
    enum Decision: Sendable {
        /// It is read: it decides what is computed, or an error names it.
        case used
        /// It changes nothing that is computed, for this reason.
        case harmless(String)
        /// Only this value is taken, which changes nothing; what another would ask for.
        case only(Neutral, String)
    }

    /// Values that change nothing.
    enum Neutral: Sendable {
        /// Numbers of any type.
        case numbers([Double])
        case flag(Bool)
        case texts([String])
        /// Whatever the value is, it does.
        case nothing
    }

    /// The key; one that ends in `*` stands for all that begin so. Keys of an architecture lack its name and dot.
    let key: String
    let decision: Decision

    init(_ key: String, _ decision: Decision) {
        self.key = key
        self.decision = decision
    }

    /// Throws for the first key of the file that asks for something which is not computed here.
    static func check(_ file: GGUFFile, architecture: ModelConfiguration.Architecture) throws(ModelError) {
        let prefix = "\(architecture.rawValue)."
        for entry in file.entries {
            if entry.key.hasPrefix(prefix) {
                let rule = rule(for: String(entry.key.dropFirst(prefix.count)), among: ofArchitecture)
                try rule.check(entry, of: file)
            } else {
                try rule(for: entry.key, among: ofEveryFile).check(entry, of: file)
            }
        }
    }

    /// Throws for a file that is none of a whole model, whatever its architecture.
    static func checkWhole(_ file: GGUFFile) throws(ModelError) {
        for entry in file.entries where isOfWhole(entry.key) {
            try rule(for: entry.key, among: ofEveryFile).check(entry, of: file)
        }
        let count = try wrapped { () throws(GGUFError) in try file.optionalUnsignedInteger(tensorCountKey) }
        guard let count, count != file.tensors.count else { return }
        throw .contradiction(
            path: file.path,
            "key '\(tensorCountKey)' says \(count) tensors",
            "the file has \(file.tensors.count)"
        )
    }

    private static let tensorCountKey = "split.tensors.count"

    private static func isOfWhole(_ key: String) -> Bool {
        ["general.type", "adapter.", "split."].contains { key.hasPrefix($0) }
    }

    private static func rule(for key: String, among rules: [MetadataRule]) -> MetadataRule {
        // The tables end with a rule for all other keys.
        rules.first { $0.covers(key) } ?? MetadataRule(key, unknownKey)
    }

    private func covers(_ other: String) -> Bool {
        key.last == "*" ? other.hasPrefix(key.dropLast()) : other == key
    }

    private func check(_ entry: GGUFEntry, of file: GGUFFile) throws(ModelError) {
        guard case .only(let neutral, let meaning) = decision, !neutral.holds(of: entry, in: file) else { return }
        throw .unsupportedMetadata(
            path: file.path,
            key: entry.key,
            expected: neutral.words.map { "\($0): \(meaning)" } ?? meaning,
            found: "\(file.typeName(of: entry)) \(file.summary(of: entry))"
        )
    }
}

extension MetadataRule.Neutral {
    fileprivate func holds(of entry: GGUFEntry, in file: GGUFFile) -> Bool {
        switch self {
        case .numbers(let numbers):
            let whole = entry.integer(in: file.storage.bytes).map(Double.init)
            let value = whole ?? GGUFEntry.float(entry.type, at: entry.value.lowerBound, in: file.storage.bytes)
            return value.map(numbers.contains) ?? false
        case .flag(let flag): return (try? file.bool(entry.key)) == flag
        case .texts(let texts): return (try? file.string(entry.key)).map(texts.contains) ?? false
        case .nothing: return false
        }
    }

    /// The values, for people; nil where there are none.
    fileprivate var words: String? {
        switch self {
        case .numbers(let numbers): numbers.map { $0.formatted }.joined(separator: " or ")
        case .flag(let flag): "\(flag)"
        case .texts(let texts): texts.map { "'\($0)'" }.joined(separator: " or ")
        case .nothing: nil
        }
    }
}

extension Double {
    fileprivate var formatted: String { Int(exactly: self).map { "\($0)" } ?? "\(self)" }
}
