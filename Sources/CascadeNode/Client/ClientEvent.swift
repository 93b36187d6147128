package import CascadeCore

/// What a client hears, in one stream.
package enum ClientEvent: Sendable {
    /// The connection to the coordinator stands.
    case connected
    /// It broke; it is made again by itself.
    case disconnected
    /// The coordinator lets nobody in with this key, or without one; why and what to do, for people.
    case locked(String)
    /// The coordinator says something.
    case message(Message)
    /// The coordinator said something that cannot be read.
    case unreadable(String)
    /// A quarter of a second passed: time to repeat what was not answered.
    case tick
    /// The user pressed Ctrl-C.
    case interrupted
}
