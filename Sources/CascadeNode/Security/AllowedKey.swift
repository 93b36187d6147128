package import CascadeCore
package import CascadeTransport

/// One entry of the list of allowed keys.
package struct AllowedKey: Equatable, Sendable {
    /// Whose connections are taken.
    package var key: PublicKey
    /// What they may do.
    package var role: KeyRole
    /// What people call the key.
    package var name: String

    /// Creates the value from its parts.
    package init(key: PublicKey, role: KeyRole, name: String) {
        self.key = key
        self.role = role
        self.name = name
    }

    /// Reads a list: one key a line (public key, role, name); empty lines and lines that begin with `#` say nothing.
    /// Throws with the line's number for anything else, and for a key or name that comes twice.
    static func parse(_ text: String) throws(NodeError) -> [AllowedKey] {
        var keys: [AllowedKey] = []
        var seen: Set<String> = []
        for (index, line) in TextLines.split(text).enumerated() {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let first = parts.first, !first.hasPrefix("#") else { continue }
            func broken(_ reason: String) -> NodeError { .failed("line \(index + 1): \(reason)") }
            guard parts.count == 3 else { throw broken("expected a public key, a role and a name") }
            guard let key = PublicKey(first) else {
                throw broken("'\(first)' is not a public key (40 characters of Z85)")
            }
            guard let role = KeyRole(rawValue: parts[1]) else {
                let roles = KeyRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw broken("role '\(parts[1])' is not one of \(roles)")
            }
            if let problem = KeyName.problem(parts[2]) { throw broken(problem) }
            for text in [first, parts[2]] where !seen.insert(text).inserted { throw broken("\(text) comes twice") }
            keys.append(AllowedKey(key: key, role: role, name: parts[2]))
        }
        return keys
    }

    /// The list's text.
    static func text(of keys: [AllowedKey]) -> String {
        let head = """
            # Keys that the coordinator takes: public key, role, name. 'cascade keys new' and \
            'cascade keys revoke' write
            # this file, and a coordinator that runs follows it within a second.

            """
        return head + keys.map { "\($0.key) \($0.role.rawValue) \($0.name)\n" }.joined()
    }
}
