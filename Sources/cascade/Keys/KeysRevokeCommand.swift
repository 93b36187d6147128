internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade keys revoke`
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a key back: a coordinator that runs drops its owner within a second.",
        discussion: """
            The key's file in the folder is deleted; copies of it are worth nothing any more.

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
