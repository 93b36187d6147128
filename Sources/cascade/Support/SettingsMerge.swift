internal import Foundation

/// Merges settings in one place, before parsing: flag, then environment (`CASCADE_…`, same name), then default.
///
/// It works on the parser's own description of all commands, so an option added anywhere has its variable at once.
enum SettingsMerge {
    /// Appends an option from the environment for each option of the named subcommand that the arguments lack.
    static func merge(arguments: [String], environment: [String: String], help: String) throws -> [String] {
        let tool = try JSONDecoder().decode(ToolDescription.self, from: Data(help.utf8))
        var command = tool.command
        var depth = 0
        while depth < arguments.count,
            let next = command.subcommands?.first(where: { $0.commandName == arguments[depth] })
        {
            command = next
            depth += 1
        }
        guard depth > 0 else { return arguments }
        let given = Set(
            arguments[depth...].prefix { $0 != "--" }.map { String($0.prefix { $0 != "=" }) }
        )
        guard given.isDisjoint(with: ["--help", "-h", "--version"]) else { return arguments }
        var merged: [String] = []
        for option in command.arguments ?? [] {
            guard let name = option.longName, let text = environment[variable(for: name)], !text.isEmpty else {
                continue
            }
            guard option.spellings.allSatisfy({ !given.contains($0) }) else { continue }
            if option.kind == "option" {
                merged.append("--\(name)=\(text)")
            } else if option.kind == "flag", let isOn = try truth(text, name: name), isOn {
                merged.append("--\(name)")
            }
        }
        return Array(arguments[..<depth]) + merged + Array(arguments[depth...])
    }

    /// The environment variable of an option: `--max-tokens` is `CASCADE_MAX_TOKENS`.
    static func variable(for option: String) -> String {
        "CASCADE_" + option.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    private static func truth(_ text: String, name: String) throws -> Bool? {
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default:
            throw CommandFailure.usage("\(variable(for: name)) must be 1 or 0 (true or false), not '\(text)'")
        }
    }
}

/// The part of ArgumentParser's description of a tool (`--experimental-dump-help`) that merging needs.
private struct ToolDescription: Decodable {
    var command: Command

    struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?
    }

    struct Argument: Decodable {
        var kind: String
        var names: [Name]?

        var longName: String? {
            names?.first { $0.kind == "long" && $0.name != "help" && $0.name != "version" }?.name
        }

        var spellings: [String] {
            (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
        }
    }

    struct Name: Decodable {
        var kind: String
        var name: String
    }
}
