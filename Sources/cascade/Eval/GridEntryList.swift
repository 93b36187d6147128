internal import ArgumentParser
internal import CascadeEval

/// `--rules`: ways to answer, separated by commas; a rule may bring its own knobs, as in `token-v3:0.1:0.3,chow`.
struct GridEntryList: Equatable {
    /// The entries in the order given; at least one.
    var entries: [EvalGrid.Entry]

    init(_ entries: [EvalGrid.Entry]) { self.entries = entries }

    /// Reads the option's text; the error names what is wrong in it.
    init(parsing text: String) throws {
        entries = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let fields = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let kind = EvalSetting.Kind(name: fields[0]) else {
                let names = EvalSetting.Kind.all.map(\.name).joined(separator: ", ")
                throw ValidationError("'\(fields[0])' is not one of \(names)")
            }
            let alphas = try fields.dropFirst().map { field in
                guard let alpha = DecimalNumber.value(field) else {
                    throw ValidationError("'\(field)' in '\(part)' is not a number")
                }
                return alpha
            }
            return EvalGrid.Entry(kind: kind, alphas: alphas)
        }
    }

    /// As the option takes it.
    var text: String {
        entries.map { entry in ([entry.kind.name] + entry.alphas.map { "\($0)" }).joined(separator: ":") }
            .joined(separator: ",")
    }
}
