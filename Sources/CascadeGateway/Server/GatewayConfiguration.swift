/// How a gateway serves.
package struct GatewayConfiguration: Sendable {
    /// The files of a certificate, both PEM.
    package struct TLSFiles: Equatable, Sendable {
        /// The certificate, and those that lead to its authority.
        package var certificateChain: String
        /// Its private key.
        package var privateKey: String

        /// Creates the value from its parts.
        package init(certificateChain: String, privateKey: String) {
            (self.certificateChain, self.privateKey) = (certificateChain, privateKey)
        }
    }

    /// The address to listen at: a number or a name.
    package var host = "127.0.0.1"
    /// The port; 0 for one that is free.
    package var port = 8080
    /// Who may ask; nil for everybody who reaches the port.
    package var keys: APIKeyStore?
    /// Whether it may listen beyond loopback without keys.
    package var isInsecure = false
    /// TLS; nil for plain HTTP.
    package var tls: TLSFiles?
    /// Names by which it may be asked for, besides `localhost` and addresses; `*` for any.
    package var allowedHosts: [String] = []
    /// Origins whose pages may use it, such as `https://chat.example`; `*` for any.
    package var corsOrigins: [String] = []

    /// Where files and batches are kept; nil for a gateway without them.
    package var storage: GatewayStorage?
    /// Bounds of files and batches.
    package var batches = BatchLimits()

    /// Bytes of a request's body, at most.
    package var mostBodyBytes = 8 << 20
    /// Bytes of a request's headers together, and of one of them, at most.
    package var mostHeaderBytes = 32 << 10
    /// Headers of a request, at most.
    package var mostHeaders = 100
    /// Connections at a time; others wait until one is closed.
    package var mostConnections = 1_024
    /// What one request may ask for.
    package var limits = RequestLimits()

    /// After this much silence between requests, or within a request's head, a connection is closed.
    package var idleTimeout: Duration = .seconds(60)
    /// From a request's head to the end of its body; then the connection is closed.
    package var bodyTimeout: Duration = .seconds(30)
    /// How long a client may leave what was sent to it unread; then the connection is closed and its job cancelled.
    package var writeTimeout: Duration = .seconds(60)
    /// A stream gets a comment each time this much has passed.
    package var pingInterval: Duration = .seconds(15)
    /// How often the file of keys is looked at.
    package var keysInterval: Duration = .seconds(2)

    /// The defaults: plain HTTP at port 8080 of loopback, without keys.
    package init() {}
}
