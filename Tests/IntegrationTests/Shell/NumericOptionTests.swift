import ArgumentParser
import CascadeCore
import Foundation
import Testing

@testable import cascade

/// No option takes what is no finite number in its range: every option of every command is tried.
@Suite struct NumericOptionTests {
    /// What a command line needs besides the option that is tried.
    private static let needed: [String: [String]] = [
        "submit": ["--rule=token-v3", "x"], "watch": ["0f3a5c7712e4b9d8"], "result": ["0f3a5c7712e4b9d8"],
        "cancel": ["0f3a5c7712e4b9d8"], "drain": ["expert-1"], "inspect": ["--model=m"],
        "tokenize": ["--model=m", "x"],
        "score": ["--model=m", "--sled-layers=1", "x"], "generate": ["--model=m", "--sled-layers=1", "x"],
        "fetch": ["m"], "engine": ["--model=m", "--sled-layers=1"], "pair": ["--prompts=p"], "serve": ["--prompts=p"],
        "humaneval": ["--out=o"], "text": ["--out=o", "--prompts=p"], "tune": ["--prompts=p"],
        "new": ["a", "--role=client"],
        "revoke": ["a"], "expert": ["--model=m", "--sled-layers=1"], "drafter": ["--model=m"], "join": ["--model=m"],
        "up": ["--sled-layers=1", "--default-rule=token-v3"], "coordinator": ["--default-rule=token-v3"],
    ]
    /// What an option needs beside it instead of what its command needs.
    private static let companions: [String: [String]] = [
        "delta": ["--rule=typical", "x"], "top-n": ["--rule=top-k-delta", "x"],
        "synthetic-ms": ["--synthetic-acceptance=0.5"], "synthetic-drafter-ms": ["--synthetic-acceptance=0.5"],
        "synthetic-expert-ms": ["--synthetic-acceptance=0.5"], "synthetic-acceptance": [],
        "draft-vocabulary-file": ["--model=m", "--draft-vocabulary=64"],
    ]
    /// Options that take text, among which a number is nothing special.
    private static let texts: Set<String> = ["system", "stop", "node-id", "pool", "owner"]
    /// Options for which a negative number means something.
    private static let negatives: Set<String> = ["alphas", "presence-penalty", "frequency-penalty"]

    /// A command's path, and the names of its options.
    private static let commands: [(path: [String], options: [String])] = {
        struct Tool: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable {
                    var kind: String
                    var name: String
                }
                var kind: String
                var names: [Name]?
            }
            struct Command: Decodable {
                var commandName: String
                var subcommands: [Command]?
                var arguments: [Argument]?
            }
            var command: Command
        }
        func walk(_ command: Tool.Command, _ path: [String]) -> [(path: [String], options: [String])] {
            let options = (command.arguments ?? []).filter { $0.kind == "option" }
                .compactMap { $0.names?.first { $0.kind == "long" }?.name }
            let own: [(path: [String], options: [String])] =
                command.subcommands?.isEmpty ?? true ? [(path, options)] : []
            return own + (command.subcommands ?? []).flatMap { walk($0, path + [$0.commandName]) }
        }
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(Cascade._dumpHelp().utf8))
        return tool.map { walk($0.command, []) } ?? []
    }()

    private static func takes(_ path: [String], _ option: String, _ value: String) -> Bool {
        let rest = companions[option] ?? needed[path.last ?? ""] ?? []
        return (try? Cascade.parseAsRoot(path + ["--\(option)=\(value)"] + rest)) != nil
    }

    @Test func nothingButFiniteNumbersInTheirRange() {
        var tried = 0
        for (path, options) in Self.commands where path.first != "help" {
            for option in options where !Self.texts.contains(option) {
                // A number is taken where a word is not: it is an option for numbers.
                let numbers = ["1", "0.5", "16", "64", "512", "16384"].filter { Self.takes(path, option, $0) }
                guard !numbers.isEmpty, !Self.takes(path, option, "x,") else { continue }
                tried += 1
                let negative = Self.negatives.contains(option) ? [] : ["-1"]
                for value in ["nan", "inf", "-inf", "infinity", "0x1", "0x10", "1e308", "1e999", ""] + negative {
                    let isTaken = Self.takes(path, option, value)
                    #expect(!isTaken, "cascade \(path.joined(separator: " ")) --\(option)=\(value)")
                }
            }
        }
        // Fewer would mean that the command lines above are no longer right.
        #expect(tried > 80, "\(tried) numeric options were tried")
    }
}
