internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

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
        } catch let error as NodeError {
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
