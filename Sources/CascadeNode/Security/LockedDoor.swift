internal import CascadeTransport

/// Tells from failed handshakes that key and coordinator do not fit, which trying again does not change.
struct LockedDoor {
    /// A router of another key hangs up every time; one that is just being stopped does so once.
    private static let hangUpsUntilSure = 4

    private let endpoint: String
    private let key: ConnectionKey?
    private var hangUps = 0

    init(endpoint: String, key: ConnectionKey?) {
        self.endpoint = endpoint
        self.key = key
    }

    /// What is wrong and what to do, once it is sure; nil otherwise.
    mutating func observe(_ event: ConnectionEvent) -> String? {
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
