internal import CascadeCore
internal import CascadeWire

/// What holds for every message that a process takes from its peers.
enum MessageCheck {
    /// Decodes frames as every process does. Returns whether they are a message.
    static func run(_ frames: FuzzedFrames) throws(FuzzFailure) -> Bool {
        let sent = frames.sent
        let outcome = decode(sent) { (frames) throws(WireError) in try WireCodec.decode(frames) }
        // Nothing hangs on where unpacked pieces lie; out of bounds is seen here.
        let apart = decode(sent) { (frames) throws(WireError) in
            try WireCodec.decode(frames, limits: .standard, allocations: .max, apart: true)
        }
        guard apart == outcome else { throw FuzzFailure("decoded apart: \(apart), else: \(outcome)") }
        try checkScarcity(sent, allocations: Int(frames.allocations), outcome)
        guard case .success(let message) = outcome else { return false }
        try check(message)
        try HostilePeers.judge(message)
        return true
    }

    /// Whatever is decoded or sent is within its bounds, and encodes to what decodes to the same.
    static func check(_ message: Message) throws(FuzzFailure) {
        try Promises.check(message)
        let frames = WireCodec.encode(message)
        let back = decode(frames) { (frames) throws(WireError) in try WireCodec.decode(frames) }
        guard back == .success(message) else { throw FuzzFailure("\(message) came back as \(back)") }
        guard WireCodec.encode(message) == frames else { throw FuzzFailure("\(message) has two encodings") }
    }

    /// Too little memory is an error that says so, and no other message.
    private static func checkScarcity(
        _ frames: [[UInt8]],
        allocations: Int,
        _ plenty: Result<Message, WireError>
    ) throws(FuzzFailure) {
        let scarce = decode(frames) { (frames) throws(WireError) in
            try WireCodec.decode(frames, limits: .standard, allocations: allocations, apart: true)
        }
        if scarce == plenty { return }
        if case .failure(.malformed(_, let reason)) = scarce, reason.contains("memory") { return }
        throw FuzzFailure("with \(allocations) allocations: \(scarce), else: \(plenty)")
    }

    private static func decode(
        _ frames: [[UInt8]],
        _ decode: ([[UInt8]]) throws(WireError) -> Message
    ) -> Result<Message, WireError> {
        do throws(WireError) { return .success(try decode(frames)) } catch { return .failure(error) }
    }
}
