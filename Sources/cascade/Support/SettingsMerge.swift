internal import Foundation

/// Merges settings in one place, before parsing: flag, then environment (`CASCADE_…`, same name), then default.
///
/// It works on the parser's own description of all commands, so an option added anywhere has its variable at once.
enum SettingsMerge {
    /// Options that exclude each other: one that is given keeps the variables of the others out.
    static let exclusions: [String: [String]] = [
        "insecure": ["keys"],
        "keys": ["insecure"],
        "kv-tokens": ["kv-cache-memory-bytes"],
        "kv-cache-memory-bytes": ["kv-tokens"],
        "chat": ["raw"],
        "raw": ["chat", "system-prompt", "messages"],
        "system-prompt": ["raw", "messages"],
        "messages": ["raw", "system-prompt"],
        "model": ["synthetic-acceptance"],
        "grammar": ["json-schema", "json-object"],
        "json-schema": ["grammar", "json-object"],
        "json-object": ["grammar", "json-schema"],
        "synthetic-acceptance": ["model"],
    ]

    /// Options that mean nothing while another one has its default: their variables wait until it has another value.
    static let companions: [String: (option: String, standard: String)] = [
        "draft-vocabulary-file": ("draft-vocabulary", "0"),
        "sled-rate": ("sled-layers", ""),
        "synthetic-ms": ("synthetic-acceptance", ""),
        "synthetic-drafter-ms": ("synthetic-acceptance", ""),
        "synthetic-expert-ms": ("synthetic-acceptance", ""),
        "alpha": ("rule", "lossless"),
        "default-alpha": ("default-rule", "lossless"),
    ]

    /// An option that the environment gives.
    struct Addition: Equatable {
        /// The variable.
        var variable: String
        /// The option, as it would be typed.
        var argument: String
    }

    /// Appends an option from the environment for each option of the named subcommand that the arguments lack, and
    /// that they do not make pointless.
    static func merge(arguments: [String], environment: [String: String], help: String) throws -> [String] {
        let (depth, added) = try additions(to: arguments, environment: environment, help: help)
        return insert(added, into: arguments, at: depth)
    }

    /// The arguments with options from the environment behind the subcommand's name.
    static func insert(_ added: [Addition], into arguments: [String], at depth: Int) -> [String] {
        Array(arguments[..<depth]) + added.map(\.argument) + Array(arguments[depth...])
    }

    /// What the environment adds to the arguments, and where it goes. The description of all commands is asked for only
    /// where the environment has settings: writing it takes longer than the rest of a program's start.
    static func additions(
        to arguments: [String],
        environment: [String: String],
        help: @autoclosure () -> String
    ) throws -> (depth: Int, added: [Addition]) {
        guard !settings(in: environment).isEmpty else { return (0, []) }
        let tool = try JSONDecoder().decode(ToolDescription.self, from: Data(help().utf8))
        var command = tool.command
        var depth = 0
        while depth < arguments.count,
            let next = command.subcommands?.first(where: { $0.commandName == arguments[depth] })
        {
            command = next
            depth += 1
        }
        guard depth > 0 else { return (0, []) }
        // `cascade nodes` is `cascade nodes list`, and takes what that takes.
        while let next = command.subcommands?.first(where: { $0.commandName == command.defaultSubcommand }) {
            command = next
        }
        let given = Set(
            arguments[depth...].prefix { $0 != "--" }.map { String($0.prefix { $0 != "=" }) }
        )
        guard given.isDisjoint(with: ["--help", "-h", "--version"]) else { return (0, []) }
        var added: [Addition] = []
        for option in command.arguments ?? [] {
            guard let name = option.longName, let text = environment[variable(for: name)], !text.isEmpty else {
                continue
            }
            let rivals = (exclusions[name] ?? []).map { "--\($0)" }
            guard given.isDisjoint(with: option.spellings + rivals) else { continue }
            if let (other, standard) = companions[name] {
                let found = value(of: other, arguments: arguments[depth...], environment: environment)
                if found == nil || found == standard { continue }
            }
            if option.kind == "option" {
                added.append(Addition(variable: variable(for: name), argument: "--\(name)=\(text)"))
            } else if option.kind == "flag", let isOn = try truth(text, name: name), isOn {
                added.append(Addition(variable: variable(for: name), argument: "--\(name)"))
            }
        }
        return (depth, added)
    }

    /// The environment variable of an option: `--max-tokens` is `CASCADE_MAX_TOKENS`.
    static func variable(for option: String) -> String {
        "CASCADE_" + option.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    /// An option's value: the last one given, else its variable's; nil where neither is there.
    private static func value(
        of option: String,
        arguments: ArraySlice<String>,
        environment: [String: String]
    ) -> String? {
        let arguments = arguments.prefix { $0 != "--" }
        let flag = "--\(option)"
        guard let index = arguments.lastIndex(where: { $0 == flag || $0.hasPrefix("\(flag)=") }) else {
            let text = environment[variable(for: option)] ?? ""
            return text.isEmpty ? nil : text
        }
        if arguments[index] != flag { return String(arguments[index].dropFirst(flag.count + 1)) }
        return index + 1 < arguments.endIndex ? arguments[index + 1] : nil
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
struct ToolDescription: Decodable {
    var command: Command

    struct Command: Decodable {
        var commandName: String
        var defaultSubcommand: String?
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
