internal import ArgumentParser
internal import CascadeCore
internal import CascadeKeys
internal import CascadeModelFetch
internal import CascadeNode

/// `cascade join`
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Add this machine to a cluster, as an expert or a drafter; a model that is missing is fetched first.",
        discussion: """
            'cascade up --listen tcp://0.0.0.0:5570' on the first machine makes the key files and prints this command. \
            For options that only one role has, use 'cascade expert' or 'cascade drafter'.

            EXAMPLES
              cascade join tcp://10.0.0.1:5570 --key join-expert.key --role expert --model qwen2.5-coder-1.5b
            """
    )

    @Argument(help: "The coordinator's endpoint, in place of --endpoint.")
    var coordinator: String?

    @Option(help: "What this machine does: expert or drafter (default: what the key's role is).")
    var role: NodeRole?

    @OptionGroup var options: NodeOptions

    func validate() throws {
        if let coordinator { try EndpointArgument.connect("the coordinator's endpoint", coordinator) }
    }

    func run() async throws {
        var options = options
        if let coordinator { options.endpoint.endpoint = coordinator }
        let role = try nodeRole()
        if let model = options.model, let known = ModelCatalogue.standard.model(named: model),
            try ModelLocation.fetcher().installed(model) == nil
        {
            guard known.isServed else {
                throw CommandFailure.failed(
                    "\(known.name) cannot be served yet (architecture \(known.architecture)); name another with --model"
                )
            }
            _ = try await ModelFetchCommand.fetch([model])
        }
        try await options.run(role: role)
    }

    private func nodeRole() throws(CommandFailure) -> NodeRole {
        if let role { return role }
        guard let key = try options.endpoint.namedKey() else {
            throw .usage("name --role expert or --role drafter, or a key of such a role with --key")
        }
        guard let role = NodeRole(rawValue: key.role.rawValue) else {
            throw .usage("\(key.path) is a key of role \(key.role.rawValue), which no node can use")
        }
        return role
    }
}

extension NodeRole: ExpressibleByArgument {}
