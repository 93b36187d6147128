package import CascadeCore
package import CascadeTransport

/// The key that a node or client shows to its coordinator.
package struct ConnectionKey: Sendable {
    /// The key file.
    package let path: String
    /// The key's name.
    package let name: String
    /// What the key allows.
    package let role: KeyRole
    /// The socket's side of it.
    package let security: TransportSecurity

    /// Reads a key file; the coordinator's own is refused.
    package init(path: String) throws(NodeError) {
        let file = try KeyFile(path: path)
        guard let role = file.role, let coordinator = file.coordinator else {
            throw .failed(
                "\(path) is the key of a coordinator; nodes and clients have keys of their own, see 'cascade keys new'"
            )
        }
        (self.path, name, self.role) = (path, file.name, role)
        security = .client(file.pair, router: coordinator)
    }
}
