internal import ArgumentParser
internal import CascadeTransport

/// Endpoints as people write them: one that makes no sense is wrong usage, and is told before anything waits for it.
enum EndpointArgument {
    /// Where a coordinator is reached; throws a usage error unless it can be.
    @discardableResult
    static func connect(_ option: String, _ text: String) throws -> Endpoint { try check(option, text, for: .connect) }

    /// Where a coordinator listens; throws a usage error unless other processes can meet it there.
    @discardableResult
    static func listen(_ option: String, _ text: String) throws -> Endpoint { try check(option, text, for: .bind) }

    private static func check(_ option: String, _ text: String, for use: Endpoint.Use) throws -> Endpoint {
        guard text.hasPrefix("tcp://") || text.hasPrefix("ipc://") else {
            throw ValidationError("\(option) must be tcp://host:port or ipc://path, not '\(text)'")
        }
        do throws(TransportError) {
            return try Endpoint(parsing: text, for: use)
        } catch {
            throw ValidationError("\(option): \(error)\(text == RunFolder.endpoint ? wayOut(option) : "")")
        }
    }

    /// The default endpoint, which nobody has named, cannot be used where the home folder's name is too long.
    private static func wayOut(_ option: String) -> String {
        "; this is the default, below the home folder: name another with \(option) (tcp://127.0.0.1:5570), or a folder "
            + "with a shorter name in XDG_STATE_HOME"
    }
}
