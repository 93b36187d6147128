internal import CascadeCore
internal import CascadeWire
internal import OrderedCollections

/// Messages and bytes that went over the wire, by kind of message.
struct TrafficCounters {
    /// In the order of first use.
    private var kinds: OrderedDictionary<String, MessageTraffic> = [:]

    /// What was counted.
    var all: [MessageTraffic] { Array(kinds.values) }

    /// Counts a message that was sent.
    mutating func countSent(_ message: Message, frames: [[UInt8]]) {
        let name = WireCodec.name(of: message)
        kinds[name, default: MessageTraffic(message: name)].sentMessages += 1
        kinds[name]?.sentBytes += Self.bytes(frames)
    }

    /// Counts a message that was received.
    mutating func countReceived(_ message: Message, frames: [[UInt8]]) {
        let name = WireCodec.name(of: message)
        kinds[name, default: MessageTraffic(message: name)].receivedMessages += 1
        kinds[name]?.receivedBytes += Self.bytes(frames)
    }

    private static func bytes(_ frames: [[UInt8]]) -> UInt64 {
        frames.reduce(0) { $0 + UInt64($1.count) }
    }
}
