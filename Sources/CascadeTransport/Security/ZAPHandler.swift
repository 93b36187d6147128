internal import CZeroMQ
internal import CascadeCore

/// Answers ZeroMQ's question, for each CURVE handshake, whether the owner of a key may connect (ZAP, RFC 27).
///
/// There is one in a context; it must listen before the socket that it answers for is bound. An allowed peer's messages
/// carry its public key as their User-Id.
final class ZAPHandler {
    /// Named in every question; ZeroMQ asks only for sockets that have a domain.
    static let domain = "cascade"
    private static let endpoint = "inproc://zeromq.zap.01"
    private static let questionsPerTurn = 64

    let socket: ZMQSocket
    private let authenticator: any KeyAuthenticator

    init(_ authenticator: any KeyAuthenticator, in context: ZMQContext) throws(TransportError) {
        self.authenticator = authenticator
        // A ROUTER and not a REP, which could neither skip a question nor go on after a failed answer.
        socket = try ZMQSocket(ZMQ_ROUTER, in: context)
        try socket.set(ZMQ_LINGER, "LINGER", 0)
        try socket.bind(Self.endpoint)
    }

    /// Answers what was asked; the rest of a flood waits for the next turn.
    /// - Returns: how many were refused.
    func answer() throws(TransportError) -> Int {
        var refused = 0
        for _ in 0..<Self.questionsPerTurn {
            switch try socket.receive(routed: true, maxFrames: 8, maxBytes: 4_096) {
            case .nothing: return refused
            case .tooManyFrames, .tooManyBytes, .named: continue
            case .message(let peer, let frames, _, _, _):
                guard let question = Question(frames) else { continue }
                let key = question.key.flatMap { authenticator.allows($0) ? $0 : nil }
                if key == nil { refused += 1 }
                // Nobody waits any more where this cannot be sent.
                _ = socket.send(Self.reply(to: question, key), route: peer.bytes)
            }
        }
        return refused
    }

    private static func reply(to question: Question, _ key: PublicKey?) -> [[UInt8]] {
        // 400: known and refused. 300 would have ZeroMQ hang up without telling the peer why.
        let (status, text) = key == nil ? ("400", "key not allowed") : ("200", "")
        let fields = [status, text, key?.text ?? "", ""].map { Array($0.utf8) }
        return [[], Array("1.0".utf8), question.id] + fields
    }

    /// Empty; version, id, domain, address, routing id, mechanism, credentials.
    private struct Question {
        var id: [UInt8]
        /// nil where the mechanism is another one.
        var key: PublicKey?

        init?(_ frames: [[UInt8]]) {
            guard frames.count >= 7, frames[1] == Array("1.0".utf8) else { return nil }
            id = frames[2]
            guard frames.count == 8, frames[6] == Array("CURVE".utf8) else { return }
            key = PublicKey(bytes: frames[7])
        }
    }
}
