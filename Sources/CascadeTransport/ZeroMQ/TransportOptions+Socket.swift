internal import CZeroMQ

/// Every socket option that matters is set here on purpose, also where ZeroMQ's default happens to be the same.
///
/// Left alone on purpose: SNDBUF and RCVBUF (the kernel tunes them), TOS, ROUTING_ID (ZeroMQ gives every connection an
/// id of its own; a node says who it is in its first message), CONFLATE (one frame only). Keys: `TransportSecurity`.
extension TransportOptions {
    /// Applies these options. Must come before the socket is bound or connected.
    func apply(to socket: ZMQSocket, endpoint: Endpoint, isRouter: Bool) throws(TransportError) {
        try socket.set(ZMQ_LINGER, "LINGER", lingerMilliseconds)
        try socket.set(ZMQ_SNDHWM, "SNDHWM", sendQueueMessages)
        try socket.set(ZMQ_RCVHWM, "RCVHWM", receiveQueueMessages)
        try socket.set64(ZMQ_MAXMSGSIZE, "MAXMSGSIZE", maxFrameBytes)
        // Every call passes DONTWAIT; should one forget, it still does not wait.
        try socket.set(ZMQ_SNDTIMEO, "SNDTIMEO", 0)
        try socket.set(ZMQ_RCVTIMEO, "RCVTIMEO", 0)

        try socket.set(ZMQ_HANDSHAKE_IVL, "HANDSHAKE_IVL", handshakeMilliseconds)
        try socket.set(ZMQ_HEARTBEAT_IVL, "HEARTBEAT_IVL", heartbeatIntervalMilliseconds)
        try socket.set(ZMQ_HEARTBEAT_TIMEOUT, "HEARTBEAT_TIMEOUT", heartbeatTimeoutMilliseconds)
        // What we tell the other side: give us up after this much silence.
        try socket.set(ZMQ_HEARTBEAT_TTL, "HEARTBEAT_TTL", heartbeatTimeoutMilliseconds)

        // The kernel's own checks, for connections that ZeroMQ's heartbeats do not cover (ZMTP 1 and 2 have none).
        try socket.set(ZMQ_TCP_KEEPALIVE, "TCP_KEEPALIVE", 1)
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, "TCP_KEEPALIVE_IDLE", 30)
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, "TCP_KEEPALIVE_INTVL", 10)
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, "TCP_KEEPALIVE_CNT", 3)
        try socket.set(ZMQ_TCP_MAXRT, "TCP_MAXRT", 2 * heartbeatTimeoutMilliseconds)
        // Names resolve to IPv4 unless the endpoint spells an IPv6 address: with IPV6 on, "localhost" may become ::1
        // while the router listens on 127.0.0.1, and ZeroMQ tries one address only.
        try socket.set(ZMQ_IPV6, "IPV6", endpoint.isIPv6 ? 1 : 0)

        if isRouter {
            // Without it, messages to unknown peers vanish and sends say they succeeded.
            try socket.set(ZMQ_ROUTER_MANDATORY, "ROUTER_MANDATORY", 1)
            // With it, a stranger could take over a peer's id.
            try socket.set(ZMQ_ROUTER_HANDOVER, "ROUTER_HANDOVER", 0)
            try socket.set(ZMQ_BACKLOG, "BACKLOG", backlog)
        } else {
            // Without it, messages are queued for a connection that does not exist yet, or never will.
            try socket.set(ZMQ_IMMEDIATE, "IMMEDIATE", 1)
            try socket.set(ZMQ_RECONNECT_IVL, "RECONNECT_IVL", reconnectMilliseconds)
            try socket.set(ZMQ_RECONNECT_IVL_MAX, "RECONNECT_IVL_MAX", reconnectMaxMilliseconds)
            try socket.set(ZMQ_CONNECT_TIMEOUT, "CONNECT_TIMEOUT", connectTimeoutMilliseconds)
            try socket.set(ZMQ_PROBE_ROUTER, "PROBE_ROUTER", 0)
        }
    }
}
