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
                let merged = try SettingsMerge.merge(arguments: path, environment: [variable: value], help: help)
                #expect(merged == path + [argument.kind == "flag" ? "--\(name)" : "--\(name)=value"], "\(path) \(name)")
                let given = path + ["--\(name)"]
                #expect(try SettingsMerge.merge(arguments: given, environment: [variable: value], help: help) == given)
                tried += 1
            }
        }
        #expect(tried > 60)
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
