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
            has its own key, whose role says what whoever uses it may do. Make and revoke keys where the coordinator \
            runs: it follows the folder of keys within a second.
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
            also drain nodes, and sees and cancels everybody's jobs. A job belongs to the owner of the key that \
            submitted it, and other owners do not learn of it. Without --owner a key is an owner of its own; keys with \
            the same owner share their jobs and limits. The file's path goes to standard output. Treat the key like a \
            password: copy it to whoever uses it in a way that nobody else can read (scp), and keep it with mode 0600.

            EXAMPLES
              cascade keys new expert-2 --role expert
              cascade keys new anna --role client
              cascade keys new anna-laptop --role client --owner anna
              cascade keys new web --role client --owner team-b --weight 2 --max-jobs 50
              cascade keys new front --role gateway
            """
    )

    @Argument(help: "What to call the key: letters, digits, '-', '_' and '.'.")
    var name: String

    @Option(help: "What whoever uses it may do: \(KeyRole.allCases.map(\.rawValue).joined(separator: ", ")).")
    var role: KeyRole

    @Option(help: "Owner of the jobs that it submits (default: the key's name).")
    var owner: String?

    @OptionGroup(title: "The owner's share") var share: OwnerLimitOptions

    @OptionGroup var options: KeysFolderOptions

    func validate() throws {
        if let problem = KeyName.problem(name) ?? owner.flatMap(KeyName.ownerProblem) {
            throw CommandFailure.usage(problem)
        }
    }

    func run() async throws {
        do {
            let folder = try options.folder()
            let file = try folder.make(name, role: role, owner: owner, limits: share.limits)
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
            "  copy the file to whoever uses it; there: cascade \(Self.use(role)) --endpoint tcp://HOST:5570 --key FILE"
        )
    }

    private static func use(_ role: KeyRole) -> String {
        switch role {
        case .drafter, .expert: "\(role.rawValue) --model NAME"
        case .client: "submit \"…\""
        case .gateway: "gateway"
        case .admin: "nodes"
        }
    }
}

/// What an owner may take of the cluster.
struct OwnerLimitOptions: ParsableArguments {
    @Option(help: "Its share of the work, beside the other owners' weights (default: 1).")
    var weight: Int?

    @Option(help: "Most jobs that have not ended.")
    var maxJobs: Int?

    @Option(help: "Most sequences at work at once; its other jobs wait.")
    var maxNumSeqs: Int?

    @Option(help: "Most tokens, of prompts and answers, in a minute; then jobs are refused until there are some again.")
    var maxTokensPerMinute: Int?

    @Option(help: "Most bytes of the prompts and settings of its jobs that have not ended.")
    var maxQueuedBytes: Int?

    func validate() throws {
        if let weight { try Limits.check("--weight", weight, in: OwnerLimits.weightRange) }
        for (name, path) in OwnerLimits.names {
            if let value = given[keyPath: path] { try Limits.check("--\(name)", value, in: OwnerLimits.range) }
        }
    }

    /// The limits; nil where no option is given: then what the owner's other keys say holds.
    var limits: OwnerLimits? { given == OwnerLimits() && weight == nil ? nil : given }

    private var given: OwnerLimits {
        var limits = OwnerLimits()
        limits.weight = weight ?? 1
        (limits.maxJobs, limits.maxNumSeqs) = (maxJobs, maxNumSeqs)
        (limits.maxTokensPerMinute, limits.maxQueuedBytes) = (maxTokensPerMinute, maxQueuedBytes)
        return limits
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
                role: key.role?.rawValue ?? "revoked",
                owner: key.role?.mayOwnJobs == false ? nil : key.owner,
                limits: key.limits.words.isEmpty ? nil : key.limits.words.joined(separator: " "),
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
                [["KEY", "ROLE", "OWNER", "LIMITS", "PUBLIC", "FILE"]]
                    + views.map {
                        [
                            $0.name, $0.role, $0.owner ?? "", $0.limits ?? "", $0.publicKey,
                            $0.file ?? "",
                        ]
                    }
            )
        )
    }
}

/// One key, as `cascade keys list --json` prints it.
private struct KeyView: Encodable {
    var name: String
    var role: String
    /// Nil for a node's key.
    var owner: String?
    /// Those that are set, as in the list of keys.
    var limits: String?
    var publicKey: String
    var file: String?
}

/// `cascade keys revoke`
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a key; a running coordinator drops its connections within a second.",
        discussion: """
            Deletes the key's file in the folder; copies of it no longer work. The jobs that were submitted with the \
            key and have not ended fail, unless --keep-jobs is given: then the list remembers the key as revoked until \
            it is revoked once more.

            EXAMPLES
              cascade keys revoke expert-2
              cascade keys revoke anna --keep-jobs
            """
    )

    @Argument(help: "The key's name.")
    var name: String

    @Flag(help: "Let the key's jobs run on.")
    var keepJobs = false

    @OptionGroup var options: KeysFolderOptions

    func run() async throws {
        do throws(KeyError) {
            let key = try options.folder().revoke(name, keepsJobs: keepJobs)
            if let role = key.role {
                Output.note("cascade: revoked the key \(name), role \(role.rawValue)")
            } else {
                let jobs = keepJobs ? "run on" : "end now"
                Output.note("cascade: the key \(name) was revoked already; its jobs \(jobs)")
            }
        } catch {
            throw CommandFailure(error)
        }
    }
}
