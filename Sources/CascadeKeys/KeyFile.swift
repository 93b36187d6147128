package import CascadeCore
package import CascadeTransport

/// A key as it lies in a file: who it is, what it may do, its two halves, and the coordinator it is for.
///
/// The text has one value a line, behind its name and a blank; empty lines and lines that begin with `#` say nothing.
/// The coordinator's own file has no role and no coordinator.
package struct KeyFile: Equatable, Sendable {
    /// The key's name.
    package var name: String
    /// What it may do; nil in the coordinator's own file.
    package var role: KeyRole?
    /// Both halves.
    package var pair: KeyPair
    /// The coordinator's public key; nil in the coordinator's own file.
    package var coordinator: PublicKey?

    /// Creates the value from its parts.
    package init(name: String, role: KeyRole?, pair: KeyPair, coordinator: PublicKey?) {
        self.name = name
        self.role = role
        self.pair = pair
        self.coordinator = coordinator
    }

    /// Reads a file that nobody else can read; see ``PrivateFile``.
    package init(path: String) throws(KeyError) {
        let text = try PrivateFile.read(path, limit: 64 << 10)
        do throws(KeyError) {
            try self.init(text: text)
        } catch {
            throw .failed("\(path) is not a key file: \(error)")
        }
    }

    /// Reads a file's text.
    init(text: String) throws(KeyError) {
        var values: [String: String] = [:]
        for (index, line) in TextLines.split(text).enumerated() where !line.hasPrefix("#") {
            let parts = line.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" })
            guard let name = parts.first else { continue }
            guard ["name", "role", "public", "secret", "coordinator"].contains(name), parts.count == 2 else {
                // Its words may be a secret that another program wrote here.
                throw .failed(
                    """
                    line \(index + 1) is not one of 'name …', 'role …', 'public …', 'secret …', \
                    'coordinator …'
                    """
                )
            }
            let value = String(parts[1].trimmingBlanks)
            guard values.updateValue(value, forKey: String(name)) == nil else {
                throw .failed("more than one line '\(name) …'")
            }
        }
        guard let name = values["name"] else { throw .failed("the line 'name …' is missing") }
        guard let secret = values["secret"] else { throw .failed("the line 'secret …' is missing") }
        guard let pair = KeyPair(secretText: secret) else {
            throw .failed("the secret key is not 40 characters of Z85")
        }
        guard values["public"] == pair.publicKey.text else {
            throw .failed("the public key is not that of the secret key")
        }
        (self.name, self.pair) = (name, pair)
        role = try values["role"].map { (text) throws(KeyError) in
            guard let role = KeyRole(rawValue: text) else {
                let roles = KeyRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw .failed("role '\(text)' is not one of \(roles)")
            }
            return role
        }
        coordinator = try values["coordinator"].map { (text) throws(KeyError) in
            guard let key = PublicKey(text) else {
                throw .failed("the coordinator's key is not 40 characters of Z85")
            }
            return key
        }
    }

    /// The file's text.
    package var text: String {
        var lines = [
            "# A key of a cascade cluster. Whoever has this file may do what its role allows: keep it to yourself."
        ]
        lines.append("name \(name)")
        if let role { lines.append("role \(role.rawValue)") }
        lines.append("public \(pair.publicKey)")
        lines.append("secret \(pair.secretText)")
        if let coordinator { lines.append("coordinator \(coordinator)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmingBlanks: Substring {
        var rest = self
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest.drop(while: \.isWhitespace)
    }
}

/// What is wrong with a key, its file or its folder, and the way out.
package struct KeyError: Error, CustomStringConvertible {
    package let description: String

    static func failed(_ message: String) -> KeyError { KeyError(description: message) }
}

/// What keys may be called: the names become files.
package enum KeyName {
    /// Why a name cannot be a key's; nil when it can.
    package static func problem(_ name: String) -> String? {
        if let problem = problem(name, of: "a key") { return problem }
        return name == "coordinator" ? "the name 'coordinator' is the coordinator's own" : nil
    }

    /// Why a name cannot be an owner's; nil when it can.
    package static func ownerProblem(_ name: String) -> String? { problem(name, of: "an owner") }

    private static func problem(_ name: String, of what: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
            return """
                '\(name)' cannot be the name of \(what): 1 to 64 letters, digits, '-', '_' and '.', the first a \
                letter, digit or '_'
                """
        }
        return nil
    }
}
