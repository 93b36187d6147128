package import CascadeCore

/// The keys of a cluster that `up` runs for other machines to join.
package struct ClusterKeys {
    /// Their folder.
    package let folder: KeysFolder
    /// What readiness checks and the commands of this machine show.
    package let admin: ConnectionKey
    /// Key files of its own nodes.
    private let nodes: [NodeRole: String]
    /// The key file of its own gateway.
    private let gateway: String
    /// Key files for nodes of other machines; a role whose key was revoked has none.
    private let guests: [(role: NodeRole, file: String)]
    /// The key file for users of other machines, unless it was revoked.
    private let client: String?

    /// Takes the keys of a folder. The cluster's own are made where they are missing; those for other machines only
    /// where there are no keys at all, for what was revoked shall stay so.
    package init(_ path: String?) throws(KeyError) {
        folder = try KeysFolder(named: path)
        let isFirst = try !folder.list().contains { $0.role != nil }
        var nodes: [NodeRole: String] = [:]
        for role in NodeRole.allCases {
            nodes[role] = try Self.ensure("local-\(role.rawValue)", KeyRole(role), folder)
        }
        gateway = try Self.ensure("local-gateway", .gateway, folder)
        admin = try ConnectionKey(path: try Self.ensure("local-admin", .admin, folder))
        if isFirst {
            for role in NodeRole.allCases { _ = try folder.make(Self.guest(role), role: KeyRole(role)) }
            _ = try folder.make(Self.guestClient, role: .client)
        }
        let names = try folder.list().filter { $0.role != nil }.map(\.name)
        guests = [.expert, .drafter].filter { names.contains(Self.guest($0)) }.map { [folder] role in
            (role, folder.file(of: Self.guest(role)))
        }
        client = names.contains(Self.guestClient) ? folder.file(of: Self.guestClient) : nil
        self.nodes = nodes
    }

    /// Arguments of a node of this machine.
    package func arguments(_ role: NodeRole) -> [String] {
        nodes[role].map { ["--key", $0] } ?? []
    }

    /// Arguments of the gateway of this machine.
    package var gatewayArguments: [String] { ["--key", gateway] }

    /// What to say on other machines, which reach the coordinator at `endpoint`; for people.
    package func invitation(endpoint: String, models: [NodeRole: String]) -> String {
        var lines = ["to add a machine, copy a key file there and run there:"]
        for (role, file) in guests {
            let name = file.split(separator: "/").last ?? ""
            let model = models[role] ?? "NAME"
            lines.append("  # \(file)")
            lines.append("  cascade join \(endpoint) --key \(name) --role \(role.rawValue) --model \(model)")
        }
        if guests.isEmpty { lines = ["to add a machine, make a key for it: cascade keys new NAME --role expert"] }
        if let client {
            let name = client.split(separator: "/").last ?? ""
            lines.append("to submit from another machine, copy a key file there too:")
            lines.append("  # \(client)")
            lines.append("  cascade submit --endpoint \(endpoint) --key \(name) \"…\"")
        }
        return lines.joined(separator: "\n")
    }

    private static let guestClient = "join-client"

    private static func guest(_ role: NodeRole) -> String { "join-\(role.rawValue)" }

    /// The file of a key that is allowed; one that is not, or whose file is gone, is made anew.
    private static func ensure(_ name: String, _ role: KeyRole, _ folder: KeysFolder) throws(KeyError) -> String {
        if let known = try folder.list().first(where: { $0.name == name }) {
            let file = folder.file(of: name)
            if known.role == role, let key = try? ConnectionKey(path: file), key.role == role { return file }
            _ = try folder.revoke(name)
        }
        return try folder.make(name, role: role)
    }
}
