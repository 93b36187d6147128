internal import CascadeCore
internal import CascadeWire

/// Messages and bytes that went over the wire, by kind of message.
struct TrafficCounters {
    /// By the kind's number on the wire: each message of a round is counted, so finding its place must cost nothing.
    private var kinds: [MessageTraffic?] = []

    /// What was counted.
    var all: [MessageTraffic] { kinds.compactMap(\.self) }

    /// Counts a message that was sent.
    mutating func countSent(_ message: Message, frames: [[UInt8]]) {
        let place = place(of: message)
        kinds[place]?.sentMessages += 1
        kinds[place]?.sentBytes += Self.bytes(frames)
    }

    /// Counts a message that was received.
    mutating func countReceived(_ message: Message, frames: [[UInt8]]) {
        let place = place(of: message)
        kinds[place]?.receivedMessages += 1
        kinds[place]?.receivedBytes += Self.bytes(frames)
    }

    private mutating func place(of message: Message) -> Int {
        let place = WireCodec.number(of: message)
        while kinds.count <= place { kinds.append(nil) }
        if kinds[place] == nil { kinds[place] = MessageTraffic(message: WireCodec.name(of: message)) }
        return place
    }

    private static func bytes(_ frames: [[UInt8]]) -> UInt64 {
        frames.reduce(0) { $0 + UInt64($1.count) }
    }
}
