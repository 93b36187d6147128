internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeTransport
internal import Foundation

/// `cascade keys`
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke the keys of a cluster.",
        discussion: """
            A coordinator that other machines can reach accepts connections with keys only. Each node and each user \
            has its own key, whose role says what the owner may do. Make and revoke keys where the coordinator runs: \
            it follows the folder of keys within a second.
            """,
        subcommands: [KeysNewCommand.self, KeysListCommand.self, KeysRevokeCommand.self]
    )
}

/// Where keys lie.
struct KeysFolderOptions: ParsableArguments {
    @Option(help: "The folder of keys (default: ~/.config/cascade/keys, below XDG_CONFIG_HOME where that is set).")
    var keys: String?

    /// The folder.
    func folder() throws(KeyError) -> KeysFolder { try KeysFolder(named: keys) }
}

/// `cascade keys new`
struct KeysNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a key, and allow it.",
        discussion: """
            Roles: drafter and expert serve as such a node; client submits jobs and asks for the status; admin may \
            also drain nodes. The file's path goes to standard output. Treat the key like a password: copy it to its \
            owner in a way that nobody else can read (scp), and keep it with mode 0600.

            EXAMPLES
              cascade keys new expert-2 --role expert
              cascade keys new anna --role client
            """
    )

    @Argument(help: "What to call the key: letters, digits, '-', '_' and '.'.")
    var name: String

    @Option(help: "What its owner may do: \(KeyRole.allCases.map(\.rawValue).joined(separator: ", ")).")
    var role: KeyRole

    @OptionGroup var options: KeysFolderOptions

    func run() async throws {
        if let problem = KeyName.problem(name) { throw CommandFailure.usage(problem) }
        do {
            let folder = try options.folder()
            let file = try folder.make(name, role: role)
            do throws(CommandFailure) {
                try Output.line(file)
            } catch {
                // Whoever asked does not learn of it, and takes it for not made.
                _ = try folder.revoke(name)
                throw error
            }
        } catch let error as KeyError {
            throw CommandFailure(error)
        }
        Output.note("cascade: made and allowed the key \(name), role \(role.rawValue)")
        Output.note(
            "  copy the file to its owner, who runs: cascade \(Self.use(role)) --endpoint tcp://HOST:5570 --key FILE"
        )
    }

    private static func use(_ role: KeyRole) -> String {
        switch role {
        case .drafter, .expert: "\(role.rawValue) --model NAME"
        case .client: "submit \"…\""
        case .admin: "nodes"
        }
    }
}

extension KeyRole: ExpressibleByArgument {}

/// `cascade keys list`
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys that the coordinator takes.",
        discussion: """
            EXAMPLES
              cascade keys list
              cascade keys list --json
            """
    )

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var options: KeysFolderOptions

    func run() async throws {
        let (folder, keys): (KeysFolder, [AllowedKey])
        do throws(KeyError) {
            folder = try options.folder()
            keys = try folder.list()
        } catch {
            throw CommandFailure(error)
        }
        let views = keys.map { key in
            let file = folder.file(of: key.name)
            return KeyView(
                name: key.name,
                role: key.role.rawValue,
                publicKey: key.key.text,
                file: FileManager.default.fileExists(atPath: file) ? file : nil
            )
        }
        if json { return try Output.json(views) }
        guard !views.isEmpty else {
            return try Output.line("no keys in \(folder.path); 'cascade keys new NAME --role ROLE' makes one")
        }
        try Output.line(
            Table.text(
                [["KEY", "ROLE", "PUBLIC", "FILE"]] + views.map { [$0.name, $0.role, $0.publicKey, $0.file ?? ""] }
            )
        )
    }
}

/// One key, as `cascade keys list --json` prints it.
private struct KeyView: Encodable {
    var name: String
    var role: String
    var publicKey: String
    var file: String?
}

/// `cascade keys revoke`
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a key; a running coordinator drops its owner within a second.",
        discussion: """
            Deletes the key's file in the folder; copies of it no longer work.

            EXAMPLES
              cascade keys revoke expert-2
            """
    )

    @Argument(help: "The key's name.")
    var name: String

    @OptionGroup var options: KeysFolderOptions

    func run() async throws {
        do throws(KeyError) {
            let key = try options.folder().revoke(name)
            Output.note("cascade: revoked the key \(name), role \(key.role.rawValue)")
        } catch {
            throw CommandFailure(error)
        }
    }
}
