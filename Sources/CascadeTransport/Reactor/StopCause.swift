/// Why a reactor stopped.
package enum StopCause: Hashable, Sendable {
    /// Somebody asked, and gave this reason.
    case requested(String)
    /// The reactor could not go on.
    case failed(TransportError)
}
