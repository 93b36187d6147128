/// What a reactor has moved, refused and seen since it started. All counters only grow.
package struct TransportCounters: Hashable, Sendable {
    /// Messages handed to the handler.
    package var messagesReceived: UInt64 = 0
    /// Bytes of the frames of those messages, routing ids not counted.
    package var bytesReceived: UInt64 = 0
    /// Messages ZeroMQ took for sending.
    package var messagesSent: UInt64 = 0
    /// Bytes of the frames of those messages, routing ids not counted.
    package var bytesSent: UInt64 = 0
    /// Received messages dropped, and their connections ended, for more than `TransportOptions.maxFrames` frames.
    package var droppedForFrames: UInt64 = 0
    /// Received messages dropped, and their connections ended, for more than `TransportOptions.maxMessageBytes`.
    package var droppedForBytes: UInt64 = 0
    /// Received messages dropped, and their connections ended, because the peer chose its own routing id.
    package var droppedForName: UInt64 = 0
    /// Sends that ended in `SendResult.full`.
    package var sendsFull: UInt64 = 0
    /// Sends that ended in `SendResult.unreachable`.
    package var sendsUnreachable: UInt64 = 0
    /// Sends that ended in `SendResult.refused`.
    package var sendsRefused: UInt64 = 0
    /// Connections whose handshake succeeded.
    package var connections: UInt64 = 0
    /// Connections that ended, with or without a finished handshake.
    package var disconnections: UInt64 = 0
    /// Handshakes that failed: no ZeroMQ peer, wrong security, too slow.
    package var handshakesFailed: UInt64 = 0
    /// Handshakes of peers whose key is not allowed.
    package var keysRefused: UInt64 = 0
    /// Connections ended for what they had begun and not finished, see `TransportOptions.maxUnfinishedBytes`.
    package var cutForUnfinished: UInt64 = 0
    /// Connections for which another one, which had sent nothing yet, was ended.
    package var crowdings: UInt64 = 0
    /// Attempts to connect that failed and will be repeated.
    package var connectRetries: UInt64 = 0
    /// Times a DEALER socket was replaced because ZeroMQ had given up reconnecting.
    package var socketsReopened: UInt64 = 0
    /// Calls of `ReactorHandler.woken`; fewer than calls of `ReactorHandle.wake`, which are coalesced.
    package var wakes: UInt64 = 0

    /// Creates counters that are all zero.
    package init() {}
}
