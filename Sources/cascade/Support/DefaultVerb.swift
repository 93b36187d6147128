internal import ArgumentParser

/// `cascade jobs` is `cascade jobs list`: help of the one has to show the options of the other.
enum DefaultVerb {
    /// The options of the verb that may be left out, as the help of its group shows them.
    static func options<Verb: ParsableCommand>(_ verb: Verb.Type) -> String {
        let help = Verb.helpMessage(columns: 78)
        guard let start = help.firstRange(of: "OPTIONS:") else { return "" }
        let name = Verb.configuration.commandName ?? ""
        return "OPTIONS OF '\(name)', WHICH MAY BE LEFT OUT" + help[start.upperBound...].trimmingSuffix(\.isNewline)
    }
}

extension StringProtocol {
    /// The text without the characters at its end that match.
    fileprivate func trimmingSuffix(_ matches: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return self[startIndex..<end]
    }
}
