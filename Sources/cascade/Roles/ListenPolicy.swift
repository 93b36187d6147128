internal import CascadeKeys
internal import CascadeTransport
internal import Logging

/// Who may reach a coordinator.
enum ListenPolicy {
    /// The keys that connections need; nil where everybody who gets to the endpoint is taken.
    ///
    /// What only this machine reaches needs none unless a folder is named; everything else needs the folder's, unless
    /// the user insists.
    static func keys(listen: String, insecure: Bool, folder: String?, logger: Logger) throws -> CoordinatorKeys? {
        let isLoopback = try endpoint(listen).isLoopback
        if insecure || (isLoopback && folder == nil) { return nil }
        do {
            let keys = try KeysFolder(named: folder)
            guard try folder != nil || keys.hasKeys() else {
                throw CommandFailure.usage(
                    """
                    \(listen) can be reached from other machines, and there are no keys yet: make one for each node \
                    and user ('cascade keys new expert-2 --role expert'), or pass --insecure where the network itself \
                    is private, or listen on 127.0.0.1
                    """
                )
            }
            return try keys.coordinatorKeys(logger: logger)
        } catch let error as KeyError {
            throw CommandFailure(error)
        }
    }

    /// A checked endpoint to listen on.
    static func endpoint(_ listen: String) throws(CommandFailure) -> Endpoint {
        do throws(TransportError) {
            return try Endpoint(parsing: listen, for: .bind)
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }
}
