/// Limits and timings of a reactor's socket. `TransportOptions+Socket.swift` shows how each reaches ZeroMQ.
package struct TransportOptions: Hashable, Sendable {
    /// Most frames of a message, the routing id not counted. Longer ones are refused on sending, and dropped on receipt
    /// together with their connection.
    package var maxFrames = 10
    /// Most bytes of a frame. A peer that sends a larger one loses its connection; larger sends are refused.
    ///
    /// One frame must pass the link well within `heartbeatTimeoutMilliseconds`, because heartbeats cannot overtake it:
    /// on slow links send bulk data as many messages of a few hundred kilobytes.
    package var maxFrameBytes = 2 << 20
    /// Most bytes of a message's frames together. Larger ones are refused on sending, and dropped on receipt together
    /// with their connection, as soon as so much of them is there.
    package var maxMessageBytes = 2 << 20
    /// Most bytes of the unfinished messages of all peers together; beyond it, the peers with most of them lose their
    /// connections. Parts take up to 32 times as much memory as they have bytes, handshakes 42 times.
    package var maxUnfinishedBytes = 6 << 20
    /// Connections at most; a process that may have fewer descriptors has fewer. Each takes about 24 kB.
    package var maxConnections = 4096
    /// Messages queued for one peer before a send ends in `SendResult.full`. A backstop: credits are the real bound.
    package var sendQueueMessages = 1000
    /// Bytes queued for one of a router's peers before a send ends in `SendResult.full`. Not counted on ipc.
    package var sendQueueBytes = 4 << 20
    /// The same for all of them together, from which on only peers that read go on getting messages.
    package var sendQueueBytesOfAll = 64 << 20
    /// Messages of one peer that wait to be received before ZeroMQ stops reading its connection.
    package var receiveQueueMessages = 256
    /// Messages handed to the handler before the reactor looks at wakes, events and deadlines again.
    package var messagesPerTurn = 64
    /// Connections the kernel holds that were not accepted yet.
    package var backlog = 256
    /// How long a stopping reactor may take to send what is queued.
    package var lingerMilliseconds = 1000
    /// Wait before the first attempt to reconnect; it doubles up to `reconnectMaxMilliseconds`.
    package var reconnectMilliseconds = 100
    /// Longest wait between attempts to reconnect.
    package var reconnectMaxMilliseconds = 2000
    /// Longest wait for the answer to one attempt to connect.
    package var connectTimeoutMilliseconds = 5000
    /// Time a connection has to finish ZeroMQ's handshake.
    package var handshakeMilliseconds = 4000
    /// Time between ZeroMQ's own pings.
    package var heartbeatIntervalMilliseconds = 2000
    /// Silence after which either side gives a connection up.
    package var heartbeatTimeoutMilliseconds = 6000

    /// Creates the options that the processes of a cluster use.
    package init() {}

    /// Throws `badOption` unless every value is in its range and the values fit each other.
    package func validate() throws(TransportError) {
        let positive: [(String, Int)] = [
            ("maxFrames", maxFrames), ("maxFrameBytes", maxFrameBytes), ("maxMessageBytes", maxMessageBytes),
            ("maxUnfinishedBytes", maxUnfinishedBytes), ("maxConnections", maxConnections),
            ("sendQueueMessages", sendQueueMessages), ("sendQueueBytes", sendQueueBytes),
            ("sendQueueBytesOfAll", sendQueueBytesOfAll), ("receiveQueueMessages", receiveQueueMessages),
            ("messagesPerTurn", messagesPerTurn), ("backlog", backlog),
            ("reconnectMilliseconds", reconnectMilliseconds), ("reconnectMaxMilliseconds", reconnectMaxMilliseconds),
            ("connectTimeoutMilliseconds", connectTimeoutMilliseconds),
            ("handshakeMilliseconds", handshakeMilliseconds),
            ("heartbeatIntervalMilliseconds", heartbeatIntervalMilliseconds),
            ("heartbeatTimeoutMilliseconds", heartbeatTimeoutMilliseconds),
        ]
        for (name, value) in positive where value < 1 || value > Int(Int32.max) {
            throw .badOption(name: name, reason: "expected 1 to \(Int32.max), got \(value)")
        }
        // The handshake and the linger hold shutdown up, so they are bounded; 0 as linger drops what is queued.
        if lingerMilliseconds < 0 || lingerMilliseconds > 60_000 {
            throw .badOption(name: "lingerMilliseconds", reason: "expected 0 to 60000, got \(lingerMilliseconds)")
        }
        // ZMTP carries the time to live in tenths of a second in 16 bits.
        if heartbeatTimeoutMilliseconds > 6_553_500 {
            throw .badOption(
                name: "heartbeatTimeoutMilliseconds",
                reason: "expected at most 6553500, got \(heartbeatTimeoutMilliseconds)"
            )
        }
        if heartbeatTimeoutMilliseconds < heartbeatIntervalMilliseconds {
            throw .badOption(
                name: "heartbeatTimeoutMilliseconds",
                reason: "expected at least heartbeatIntervalMilliseconds (\(heartbeatIntervalMilliseconds)), "
                    + "got \(heartbeatTimeoutMilliseconds)"
            )
        }
        if reconnectMaxMilliseconds < reconnectMilliseconds {
            throw .badOption(
                name: "reconnectMaxMilliseconds",
                reason: "expected at least reconnectMilliseconds (\(reconnectMilliseconds)), "
                    + "got \(reconnectMaxMilliseconds)"
            )
        }
        if maxMessageBytes < maxFrameBytes {
            throw .badOption(
                name: "maxMessageBytes",
                reason: "expected at least maxFrameBytes (\(maxFrameBytes)), got \(maxMessageBytes)"
            )
        }
        if maxUnfinishedBytes < maxMessageBytes {
            throw .badOption(
                name: "maxUnfinishedBytes",
                reason: "expected at least maxMessageBytes (\(maxMessageBytes)), got \(maxUnfinishedBytes)"
            )
        }
    }

    /// Why a message of these frames must not be sent; nil when it may.
    func refusal(of frames: [[UInt8]]) -> SendRefusal? {
        if frames.isEmpty { return .noFrames }
        if frames.count > maxFrames { return .tooManyFrames(count: frames.count, limit: maxFrames) }
        var total = 0
        for frame in frames {
            if frame.count > maxFrameBytes { return .frameTooLarge(bytes: frame.count, limit: maxFrameBytes) }
            // At most maxFrames times maxFrameBytes: far from an overflow.
            total += frame.count
        }
        return total > maxMessageBytes ? .messageTooLarge(bytes: total, limit: maxMessageBytes) : nil
    }
}
