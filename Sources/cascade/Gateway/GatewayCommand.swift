internal import ArgumentParser
internal import CascadeCore
internal import CascadeGateway
internal import CascadeHost
internal import CascadeKeys

/// `cascade gateway`
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serve a cluster over HTTP: the protocol of OpenAI's API.",
        discussion: """
            Clients, editors and libraries that speak OpenAI's protocol use the cluster at http://ADDRESS/v1. The \
            gateway holds no state but the files and batches in its folder, where it has one: several may serve one \
            cluster, each with a folder of its own. 'cascade up' starts one.

            Where there are API keys, each of their owners has jobs of its own: neither lists, reads nor ends \
            another's. In a cluster with keys such a gateway needs one of role gateway.

            EXAMPLES
              cascade gateway
              cascade gateway --http 127.0.0.1:9000 --endpoint tcp://10.0.0.1:5570 --key gateway.key
              cascade gateway --http 0.0.0.0:8443 --api-keys keys.txt --tls-certificate cert.pem --tls-key key.pem
              curl http://127.0.0.1:8080/v1/models
            """
    )

    @Option(
        help: ArgumentHelp(
            """
            Where to listen; port 0 takes one that is free (default: \(HTTPAddress.standard.defaultValueDescription), \
            or the next port that is free).
            """,
            valueName: "host:port"
        )
    )
    var http: HTTPAddress?

    @OptionGroup var access: GatewayOptions
    @OptionGroup var endpoint: EndpointOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = log.logger("gateway")
        let key = try endpoint.connectionKey()
        if access.apiKeys != nil, let key, key.role != .gateway {
            throw CommandFailure.usage(
                """
                \(key.path) is a key of role \(key.role.rawValue); a gateway with API keys, whose owners have jobs of \
                their own, needs one of role gateway: 'cascade keys new NAME --role gateway'
                """
            )
        }
        let service = GatewayService(
            address: http,
            configuration: try access.configuration(),
            endpoint: endpoint.endpoint,
            key: key,
            logger: logger
        )
        try await RoleRunner.run(service, logger: logger)
    }
}

/// Who may use a gateway, and how.
struct GatewayOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file of API keys that requests need, one a line; it is read again when it changes (default: none).",
            valueName: "file"
        )
    )
    var apiKeys: String?

    @Option(
        help: ArgumentHelp(
            "The folder of files and batches, which one gateway at a time has (default: none; then they are refused).",
            valueName: "folder"
        )
    )
    var data: String?

    @Option(help: ArgumentHelp("Lines of batches that are asked at a time.", valueName: "lines"))
    var batchLines = BatchLimits().linesAtOnce

    @Flag(help: "Listen on an address that other machines reach, without API keys.")
    var insecure = false

    @Option(
        name: .customLong("allowed-host"),
        help: ArgumentHelp(
            "A name by which clients may reach the gateway, besides localhost and addresses; * for any; repeatable.",
            valueName: "name"
        )
    )
    var allowedHosts: [String] = []

    @Option(
        name: .customLong("cors-origin"),
        help: ArgumentHelp(
            "An origin whose pages may use the gateway, such as https://chat.example; * for any; repeatable.",
            valueName: "origin"
        )
    )
    var corsOrigins: [String] = []

    @Option(help: ArgumentHelp("The certificate for HTTPS, with its chain, in PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, in PEM.", valueName: "file"))
    var tlsKey: String?

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        if data?.isEmpty == true { throw ValidationError("--data must name a folder") }
        guard (1...1_024).contains(batchLines) else {
            throw ValidationError("--batch-lines must be from 1 to 1024")
        }
    }

    /// The same for a gateway, which reads the files.
    func configuration() throws(CommandFailure) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        do throws(APIKeyStore.Unreadable) {
            configuration.keys = if let apiKeys { try APIKeyStore(path: apiKeys) } else { nil }
        } catch {
            throw .failed("--api-keys: \(error)")
        }
        do throws(GatewayStorageError) {
            configuration.storage = if let data { try GatewayStorage(folder: data) } else { nil }
        } catch {
            throw .failed("--data: \(error)")
        }
        configuration.batches.linesAtOnce = batchLines
        configuration.isInsecure = insecure
        configuration.allowedHosts = allowedHosts
        configuration.corsOrigins = corsOrigins
        if let tlsCertificate, let tlsKey {
            configuration.tls = .init(certificateChain: tlsCertificate, privateKey: tlsKey)
        }
        return configuration
    }
}
