internal import ArgumentParser
internal import CascadeCore

/// What `cascade up` runs on a machine, written as a list such as `coordinator,drafter`.
struct RoleList: ExpressibleByArgument, Equatable {
    /// Everything.
    static let all = RoleList(hasCoordinator: true, nodes: Set(NodeRole.allCases))

    /// Whether the coordinator is in the list; `up` cannot do without.
    var hasCoordinator: Bool
    /// The nodes beside it.
    var nodes: Set<NodeRole>

    private static let coordinator = "coordinator"

    init(hasCoordinator: Bool, nodes: Set<NodeRole>) {
        (self.hasCoordinator, self.nodes) = (hasCoordinator, nodes)
    }

    init?(argument: String) {
        self.init(hasCoordinator: false, nodes: [])
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let name = String(part.trimmingPrefix { $0 == " " })
            if name == Self.coordinator {
                hasCoordinator = true
            } else if let role = NodeRole(rawValue: name) {
                nodes.insert(role)
            } else {
                return nil
            }
        }
    }

    /// The list as it is written; the coordinator first.
    var defaultValueDescription: String {
        ((hasCoordinator ? [Self.coordinator] : []) + NodeRole.allCases.filter(nodes.contains).map(\.rawValue))
            .joined(separator: ",")
    }
}
