/// Why a role's process or a client's request ended without success.
package enum NodeError: Error, CustomStringConvertible {
    /// Something here does not work: a missing file, a port in use, an engine that failed.
    case failed(String)
    /// What is there at other times is missing now: room on a disk, memory, a port.
    case lacking(String)
    /// The coordinator said no.
    case refused(String)
    /// Nobody answers at the endpoint.
    case unreachable(String)
    /// The user said stop.
    case interrupted(String)

    /// The cause and the way out, for people.
    package var description: String {
        switch self {
        case .failed(let message), .lacking(let message), .refused(let message), .unreachable(let message),
            .interrupted(let message):
            message
        }
    }
}
