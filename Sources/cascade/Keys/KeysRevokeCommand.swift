internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

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
        do throws(NodeError) {
            let key = try options.folder().revoke(name)
            Output.note("cascade: revoked the key \(name), role \(key.role.rawValue)")
        } catch {
            throw CommandFailure(error)
        }
    }
}
