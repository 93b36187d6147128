internal import ArgumentParser
internal import CascadeNode

/// `cascade keys`
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke the keys of a cluster.",
        discussion: """
            A coordinator that other machines reach takes connections with keys only. Each node and each user has one \
            of its own, whose role says what its owner may do. Keys are made where the coordinator runs, in a folder \
            that it follows: a key that was made or revoked counts within a second.
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
