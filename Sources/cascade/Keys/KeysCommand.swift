internal import ArgumentParser
internal import CascadeNode

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
    func folder() throws(NodeError) -> KeysFolder { try KeysFolder(named: keys) }
}
