internal import CascadeCore
internal import CascadeNode
internal import CascadeTransport

/// The coordinator's endpoint.
enum EndpointChecks {
    private static let name = "endpoint"

    /// Looks whether a coordinator answers there, something else does, or nobody.
    static func check(_ options: EndpointOptions) async -> DoctorCheck {
        let endpoint: Endpoint
        do throws(TransportError) {
            endpoint = try Endpoint(parsing: options.endpoint, for: .connect)
        } catch {
            return .problem(name, "\(error)", advice: "name another with --endpoint or CASCADE_ENDPOINT")
        }
        let occupancy = endpoint.probe(milliseconds: 2_000)
        guard occupancy == .taken else {
            return unanswered(options.endpoint, occupancy, isLoopback: endpoint.isLoopback)
        }
        do {
            return .ok(name, "\(options.endpoint): " + describe(try await status(options)))
        } catch  where error.code == 4 {
            return .problem(
                name,
                error.message,
                advice: "name a key that the coordinator knows with --key (CASCADE_KEY)"
            )
        } catch {
            return .problem(
                name,
                "what listens at \(options.endpoint) is not a coordinator of this version: \(error.message)",
                advice: "end it, or name another port with --endpoint (CASCADE_ENDPOINT)"
            )
        }
    }

    /// What it means that nobody listens.
    static func unanswered(_ endpoint: String, _ occupancy: Endpoint.Occupancy, isLoopback: Bool) -> DoctorCheck {
        switch occupancy {
        case .unreachable(let reason):
            .problem(
                name,
                "\(endpoint) cannot be reached: \(reason)",
                advice: "name the coordinator's endpoint with --endpoint, and see "
                    + (isLoopback ? "who may open this one ('ls -ld')" : "whether a firewall is in between")
            )
        case .free, .taken:
            isLoopback
                ? .ok(name, "\(endpoint) is free: no coordinator runs there yet; 'cascade up' starts a cluster")
                : .warning(
                    name,
                    "no coordinator listens at \(endpoint)",
                    advice: "start one there with 'cascade coordinator --listen …', or name another with --endpoint"
                )
        }
    }

    private static func status(_ options: EndpointOptions) async throws(CommandFailure) -> ClusterStatus {
        do {
            return try await options.withClient(patience: 3) { client in
                let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
                return try await client.request(.statusRequest(request), seconds: 3) { message in
                    if case .clusterStatus(let status) = message { status } else { nil }
                }
            }
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }

    private static func describe(_ status: ClusterStatus) -> String {
        "coordinator \(status.software), \(status.readyNodes)"
    }
}
