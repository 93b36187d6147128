internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
internal import CascadeTransport
internal import Foundation

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
        do throws(NodeError) {
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
