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
    package init(path: String) throws(KeyError) {
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

/// Tells from failed handshakes that key and coordinator do not fit, which trying again does not change.
package struct LockedDoor {
    /// A router of another key hangs up every time; one that is just being stopped does so once.
    private static let hangUpsUntilSure = 4

    private let endpoint: String
    private let key: ConnectionKey?
    private var hangUps = 0

    /// Watches connections to a coordinator, with that key or none.
    package init(endpoint: String, key: ConnectionKey?) {
        self.endpoint = endpoint
        self.key = key
    }

    /// What is wrong and what to do, once it is sure; nil otherwise.
    package mutating func observe(_ event: ConnectionEvent) -> String? {
        switch event {
        case .connected:
            hangUps = 0
            return nil
        case .handshakeFailed(_, .keyNotAllowed):
            let name = key.map { "\($0.name) (\($0.path))" } ?? ""
            return "the coordinator at \(endpoint) does not know the key \(name), or knows it no longer; "
                + "allow one there with 'cascade keys new'"
        case .handshakeFailed(_, .securityDiffers):
            return key == nil
                ? "the coordinator at \(endpoint) demands a key: name yours with --key FILE (CASCADE_KEY); "
                    + "'cascade keys new' makes one where the coordinator runs"
                : "the coordinator at \(endpoint) takes no keys: leave --key (CASCADE_KEY) out"
        case .handshakeFailed(_, .hungUp):
            guard let key else { return nil }
            hangUps += 1
            guard hangUps >= Self.hangUpsUntilSure else { return nil }
            return "the coordinator at \(endpoint) is not the one that the key \(key.path) was made for "
                + "(it ends every connection before the handshake is done)"
        default:
            return nil
        }
    }
}
