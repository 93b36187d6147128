import ArgumentParser
import CascadeCore
import CascadeKeys
import CascadeTransport
import Foundation
import Testing

@testable import cascade

/// `up` hands its options on: to the processes of its cluster, and to itself in the background.
@Suite struct UpOptionsTests {
    private struct Tool: Decodable {
        var command: Command
    }

    private struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?

        /// Names of its options, and whether each is a flag.
        var options: [String: Bool] {
            let named = (arguments ?? []).compactMap { argument in
                argument.names?.first { $0.kind == "long" }.map { ($0.name, argument.kind == "flag") }
            }
            return Dictionary(named) { first, _ in first }
        }
    }

    private struct Argument: Decodable {
        var kind: String
        var names: [Name]?
    }

    private struct Name: Decodable {
        var kind: String
        var name: String
    }

    /// Values that differ from the defaults.
    private static let samples = [
        "sled-layers": "7,14", "sled-rate": "3.5", "allow-rules": "token-v3,lossless", "default-rule": "token-v3",
        "default-alpha": "0.25", "drafter": "small.gguf", "expert": "big.gguf", "roles": "coordinator,expert",
        "threads": "3", "draft-vocabulary": "512", "draft-vocabulary-file": "ids.txt", "draft-quantization": "q4_0",
        "kv-tokens": "4096", "kv-cache-memory-bytes": "2147483648", "max-inter-token-ms": "125",
        "chat-template": "pool=template.jinja", "endpoint": "tcp://127.0.0.1:5599", "listen": "tcp://127.0.0.1:5598",
        "keys": "keys-folder", "store": "jobs.sqlite", "log-level": "debug", "http": "127.0.0.1:8099",
        "api-keys": "api-keys.txt",
    ]

    /// What roles have under the name of an option of `up`, and `up` makes of other options.
    private static let own: Set<String> = ["endpoint", "listen", "keys", "store"]

    private func line(_ option: String, isFlag: Bool) throws -> [String] {
        guard !isFlag else { return ["--\(option)"] }
        let value = try #require(Self.samples[option], "no sample for --\(option): add one here")
        let other = SettingsMerge.companions[option]?.option
        return try ["--\(option)=\(value)"] + (other.map { try line($0, isFlag: false) } ?? [])
    }

    /// Whether the arguments have the option as the line gave it.
    private func has(_ option: String, _ isFlag: Bool, _ arguments: [String]) -> Bool {
        guard !isFlag else { return arguments.contains("--\(option)") }
        let value = Self.samples[option] ?? ""
        return arguments.contains("--\(option)=\(value)")
            || zip(arguments, arguments.dropFirst()).contains { $0 == "--\(option)" && $1 == value }
    }

    @Test func everyOptionReachesTheProcessesThatHaveIt() throws {
        let tool = try JSONDecoder().decode(Tool.self, from: Data(Cascade._dumpHelp().utf8)).command
        let commands = Dictionary(uniqueKeysWithValues: (tool.subcommands ?? []).map { ($0.commandName, $0.options) })
        let listener = try Endpoint(parsing: "tcp://127.0.0.1:5598", for: .bind)
        var handed = 0
        for (option, isFlag) in try #require(commands["up"]) where !["help", "version", "detach"].contains(option) {
            let line = try line(option, isFlag: isFlag)
            let up = try #require(try Cascade.parseAsRoot(["up"] + line) as? UpCommand)
            #expect(has(option, isFlag, up.attachedArguments), "--\(option): \(up.attachedArguments)")
            guard !Self.own.contains(option) else { continue }
            for process in up.processes(
                [.drafter: "d.gguf", .expert: "e.gguf"],
                nil,
                listener
            ) {
                guard commands[process.name]?[option] != nil else { continue }
                #expect(has(option, isFlag, process.arguments), "\(process.name), --\(option): \(process.arguments)")
                handed += 1
            }
        }
        #expect(handed > 15)
    }

    /// What runs in the background is the same command, without its `-d`.
    @Test func theBackgroundHasTheSameOptions() throws {
        let up = try #require(try Cascade.parseAsRoot(["up", "-d", "--kv-tokens", "4096"]) as? UpCommand)
        let attached = try #require(try Cascade.parseAsRoot(up.attachedArguments) as? UpCommand)
        #expect(!attached.detach && attached.cache.kvTokens == 4096)
        #expect(attached.attachedArguments == up.attachedArguments)
    }
}
