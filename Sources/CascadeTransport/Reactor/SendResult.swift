/// What became of a send. Sending never blocks.
package enum SendResult: Hashable, Sendable {
    /// ZeroMQ took the whole message. It may still be lost with the connection: only an answer proves delivery.
    case sent
    /// Nothing was taken: the peer's queue is full, or a DEALER has no connection. Try again later.
    case full
    /// Nothing was taken: no such peer is connected.
    case unreachable
    /// Nothing was taken: the message is empty or breaks a limit, and no later attempt will change that.
    case refused(SendRefusal)
}

/// Which limit a message to be sent breaks.
package enum SendRefusal: Hashable, Sendable, CustomStringConvertible {
    /// A message needs at least one frame (which may be empty).
    case noFrames
    /// More frames than `TransportOptions.maxFrames`.
    case tooManyFrames(count: Int, limit: Int)
    /// A frame larger than `TransportOptions.maxFrameBytes`.
    case frameTooLarge(bytes: Int, limit: Int)
    /// Frames that are together larger than `TransportOptions.maxMessageBytes`.
    case messageTooLarge(bytes: Int, limit: Int)

    package var description: String {
        switch self {
        case .noFrames: "a message needs at least one frame"
        case .tooManyFrames(let count, let limit): "\(count) frames, at most \(limit) are allowed"
        case .frameTooLarge(let bytes, let limit): "a frame of \(bytes) bytes, at most \(limit) are allowed"
        case .messageTooLarge(let bytes, let limit): "a message of \(bytes) bytes, at most \(limit) are allowed"
        }
    }
}
