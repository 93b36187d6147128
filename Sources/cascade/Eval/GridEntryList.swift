internal import ArgumentParser
internal import CascadeEval

/// `--rules`: ways to answer, separated by commas; a rule may bring its own knobs, as in `token-v3:0.1:0.3,chow`.
struct GridEntryList: ExpressibleByArgument, Equatable {
    /// The entries in the order given; at least one.
    var entries: [EvalGrid.Entry]

    init(_ entries: [EvalGrid.Entry]) { self.entries = entries }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        entries = []
        for part in parts {
            let fields = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard let kind = EvalSetting.Kind(name: fields[0]) else { return nil }
            let alphas = fields.dropFirst().compactMap(Double.init)
            guard alphas.count == fields.count - 1 else { return nil }
            entries.append(EvalGrid.Entry(kind: kind, alphas: alphas))
        }
    }

    var defaultValueDescription: String {
        entries.map { entry in ([entry.kind.name] + entry.alphas.map { "\($0)" }).joined(separator: ":") }
            .joined(separator: ",")
    }
}
