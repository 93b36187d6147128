internal import CascadeHost
internal import Foundation

extension SettingsMerge {
    /// A variable of the environment that looks like a setting and is none.
    struct Misspelling: Equatable {
        /// The variable.
        var variable: String
        /// The known name that is nearest; nil where none is near.
        var nearest: String?

        /// For people.
        var words: String {
            let guess = nearest.map { "; did you mean \($0)?" } ?? ""
            return "the environment variable \(variable) is not a setting and is ignored\(guess)"
        }
    }

    /// Variables that are no options: read elsewhere, by the compose file, or by the scripts and tests of a checkout.
    private static let others: Set<String> = [
        "CASCADE_MODELS_DIR", "CASCADE_DATA_DIR", "CASCADE_CACHE_DIR", "CASCADE_KERNELS", "CASCADE_FAILPOINTS",
        "CASCADE_COMMIT", "CASCADE_FETCH", "CASCADE_CA_FILE",
        "CASCADE_PORT", "CASCADE_HTTP_PORT", "CASCADE_GATEWAY_MEMORY", "CASCADE_IMAGE", "CASCADE_BUILD_NETWORK",
        "CASCADE_FETCH_NETWORK", "CASCADE_DRAFTER_MODEL",
        "CASCADE_EXPERT_MODEL", "CASCADE_COORDINATOR_MEMORY", "CASCADE_DRAFTER_MEMORY", "CASCADE_EXPERT_MEMORY",
        "CASCADE_REQUIRE", "CASCADE_MEASURE", "CASCADE_WRITE_GOLDEN", "CASCADE_WRITE_SEEDS", "CASCADE_PLOT_DIR",
        Lifeline.variable,
    ]
    /// The same, by what they begin with.
    private static let otherPrefixes = ["CASCADE_SOAK", "CASCADE_FUZZ", "CASCADE_TEST"]

    /// The variables of the environment that are options, or look like one.
    static func settings(in environment: [String: String]) -> [String] {
        environment.keys.filter { name in
            name.hasPrefix("CASCADE_") && !others.contains(name) && !otherPrefixes.contains { name.hasPrefix($0) }
        }
    }

    /// The variables of the environment that begin as settings do and are none, by name.
    static func misspellings(environment: [String: String], help: @autoclosure () -> String) -> [Misspelling] {
        let suspects = settings(in: environment)
        guard !suspects.isEmpty,
            let tool = try? JSONDecoder().decode(ToolDescription.self, from: Data(help().utf8))
        else { return [] }
        let options = Set(optionNames(of: tool.command).map(variable))
        let known = options.union(others).subtracting([Lifeline.variable])
        return suspects.filter { !options.contains($0) }.sorted().map { name in
            Misspelling(variable: name, nearest: nearest(to: name, in: known))
        }
    }

    private static func optionNames(of command: ToolDescription.Command) -> [String] {
        (command.arguments ?? []).compactMap(\.longName) + (command.subcommands ?? []).flatMap(optionNames)
    }

    /// A known name that takes at most a typo in four letters.
    private static func nearest(to name: String, in known: Set<String>) -> String? {
        let letters = Array(name.utf8)
        let most = max(1, (letters.count - "CASCADE_".utf8.count) / 4)
        return known.sorted().map { ($0, distance(letters, Array($0.utf8))) }.filter { $0.1 <= most }
            .min { $0.1 < $1.1 }?.0
    }

    /// Letters that have to be added, left out, replaced or swapped with their neighbour; of texts that are not empty.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
