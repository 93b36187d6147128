import ArgumentParser
import Foundation
import Testing

@testable import cascade

/// Flag, then environment, then default: for every option of every command.
@Suite struct SettingsTests {
    private struct Tool: Decodable {
        var command: Command
    }

    private struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?
    }

    private struct Argument: Decodable {
        var kind: String
        var names: [Name]?
    }

    private struct Name: Decodable {
        var kind: String
        var name: String
    }

    private func leaves(_ command: Command, path: [String] = []) -> [(path: [String], command: Command)] {
        let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
        guard !children.isEmpty else { return [(path, command)] }
        return children.flatMap { leaves($0, path: path + [$0.commandName]) }
    }

    @Test func everyOptionHasItsVariable() throws {
        let help = Cascade._dumpHelp()
        let tool = try JSONDecoder().decode(Tool.self, from: Data(help.utf8))
        var tried = 0
        for (path, command) in leaves(tool.command) {
            for argument in command.arguments ?? [] {
                guard let name = argument.names?.first(where: { $0.kind == "long" })?.name,
                    !["help", "version"].contains(name)
                else { continue }
                let variable = SettingsMerge.variable(for: name)
                let value = argument.kind == "flag" ? "1" : "value"
                let needed = SettingsMerge.companions[name].map { ["--\($0.option)=other"] } ?? []
                let merged = try SettingsMerge.merge(
                    arguments: path + needed,
                    environment: [variable: value],
                    help: help
                )
                let added = argument.kind == "flag" ? "--\(name)" : "--\(name)=value"
                #expect(merged == path + [added] + needed, "\(path) \(name)")
                let given = path + needed + ["--\(name)"]
                #expect(try SettingsMerge.merge(arguments: given, environment: [variable: value], help: help) == given)
                tried += 1
            }
        }
        #expect(tried > 60)
    }

    /// A flag wins over the variable of an option that would contradict it: nothing is added, and the line parses.
    @Test(arguments: [
        ("expert --model m --kv-cache-memory-bytes 4GiB", ["CASCADE_KV_TOKENS": "32768"]),
        ("expert --model m --kv-tokens=4096", ["CASCADE_KV_CACHE_MEMORY_BYTES": "4GiB"]),
        ("up --draft-vocabulary 0", ["CASCADE_DRAFT_VOCABULARY_FILE": "f", "CASCADE_DRAFT_VOCABULARY": "4096"]),
        ("up", ["CASCADE_DRAFT_VOCABULARY_FILE": "f"]),
        ("expert --model m", ["CASCADE_SLED_RATE": "3"]),
        ("submit --rule lossless", ["CASCADE_RULE": "token-v3", "CASCADE_ALPHA": "0.3"]),
        ("submit --raw", ["CASCADE_CHAT": "1", "CASCADE_SYSTEM_PROMPT": "s"]),
        ("submit --system-prompt s", ["CASCADE_RAW": "1", "CASCADE_MESSAGES": "m.json"]),
        ("submit --messages m.json", ["CASCADE_RAW": "1", "CASCADE_SYSTEM_PROMPT": "s"]),
    ])
    func aFlagKeepsContradictionsOut(_ line: String, _ environment: [String: String]) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let merged = try SettingsMerge.merge(arguments: arguments, environment: environment, help: Cascade._dumpHelp())
        #expect(merged == arguments)
        #expect(throws: Never.self) { _ = try Cascade.parseAsRoot(merged) }
    }

    @Test func companionsComeFromTheEnvironmentTogether() throws {
        let environment = ["CASCADE_DRAFT_VOCABULARY_FILE": "f", "CASCADE_DRAFT_VOCABULARY": "4096"]
        let help = Cascade._dumpHelp()
        let merged = try SettingsMerge.merge(arguments: ["up"], environment: environment, help: help)
        #expect(merged == ["up", "--draft-vocabulary=4096", "--draft-vocabulary-file=f"])
        let other = try SettingsMerge.merge(
            arguments: ["up", "--draft-vocabulary", "512"],
            environment: environment,
            help: help
        )
        #expect(other == ["up", "--draft-vocabulary-file=f", "--draft-vocabulary", "512"])
        // Both variables at once is still a contradiction, and is named.
        let both = ["CASCADE_KV_TOKENS": "4096", "CASCADE_KV_CACHE_MEMORY_BYTES": "4GiB"]
        let refused = try SettingsMerge.merge(arguments: ["expert", "--model", "m"], environment: both, help: help)
        #expect(throws: (any Error).self) { _ = try Cascade.parseAsRoot(refused) }
    }

    /// A command that stands for one of its subcommands reads that one's variables.
    @Test func aDefaultSubcommandHasItsVariables() throws {
        let environment = ["CASCADE_ENDPOINT": "tcp://10.0.0.1:5570", "CASCADE_JSON": "1"]
        let help = Cascade._dumpHelp()
        let merged = try SettingsMerge.merge(arguments: ["nodes"], environment: environment, help: help)
        let command = try #require(try Cascade.parseAsRoot(merged) as? NodesListCommand)
        #expect(command.endpoint.endpoint == "tcp://10.0.0.1:5570")
        #expect(command.json)
        let drain = try SettingsMerge.merge(arguments: ["nodes", "drain", "a"], environment: environment, help: help)
        #expect(try Cascade.parseAsRoot(drain) is NodesDrainCommand)
        let given = try SettingsMerge.merge(
            arguments: ["nodes", "--endpoint", "tcp://10.0.0.2:1"],
            environment: environment,
            help: help
        )
        let other = try #require(try Cascade.parseAsRoot(given) as? NodesListCommand)
        #expect(other.endpoint.endpoint == "tcp://10.0.0.2:1")
    }

    /// A variable that nothing reads is found, with what was probably meant.
    @Test func misspelledVariablesAreFound() {
        let help = Cascade._dumpHelp()
        let cases: [(String, String?)] = [
            ("CASCADE_ENDPONT", "CASCADE_ENDPOINT"), ("CASCADE_MAX_TOKEN", "CASCADE_MAX_TOKENS"),
            ("CASCADE_TEMPREATURE", "CASCADE_TEMPERATURE"), ("CASCADE_MODEL_DIR", "CASCADE_MODELS_DIR"),
            ("CASCADE_COLOUR_OF_THE_SKY", nil),
        ]
        for (variable, nearest) in cases {
            let found = SettingsMerge.misspellings(environment: [variable: "1"], help: help)
            #expect(found == [SettingsMerge.Misspelling(variable: variable, nearest: nearest)], "\(found)")
        }
        let known = ["CASCADE_ENDPOINT", "CASCADE_MODELS_DIR", "CASCADE_PORT", "CASCADE_LIFELINE", "PATH"]
        let environment = Dictionary(uniqueKeysWithValues: known.map { ($0, "1") })
        #expect(SettingsMerge.misspellings(environment: environment, help: help).isEmpty)
    }

    /// Who sets them for `docker compose` may run commands beside it.
    @Test func settingsOfTheComposeFileAreKnown() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docker-compose.yml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let names = Set(text.matches(of: #/\bCASCADE_[A-Z_]+/#).map { String($0.output) })
        #expect(names.count > 20)
        let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "1") })
        let unknown = SettingsMerge.misspellings(environment: environment, help: Cascade._dumpHelp())
        #expect(unknown.isEmpty, "\(unknown.map(\.variable))")
    }

    @Test func aFlagIsSwitchedByWordsOfTruth() throws {
        let help = Cascade._dumpHelp()
        let off = try SettingsMerge.merge(arguments: ["submit"], environment: ["CASCADE_JSON": "false"], help: help)
        #expect(off == ["submit"])
        #expect(throws: CommandFailure.self) {
            try SettingsMerge.merge(arguments: ["submit"], environment: ["CASCADE_JSON": "perhaps"], help: help)
        }
    }
}
