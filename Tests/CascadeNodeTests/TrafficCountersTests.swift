import CascadeCore
import Testing

@testable import CascadeNode

/// What went over the wire, by kind of message.
struct TrafficCountersTests {
    @Test func trafficIsCountedByKind() {
        var counters = TrafficCounters()
        let ping = Message.ping(Ping(boot: 1, number: 2))
        counters.countSent(ping, frames: [[1, 2, 3], [4]])
        counters.countSent(ping, frames: [[1]])
        counters.countReceived(.goodbye(Goodbye(reason: "")), frames: [[1, 2]])
        #expect(
            counters.all == [
                MessageTraffic(message: "ping", sentMessages: 2, sentBytes: 5),
                MessageTraffic(message: "goodbye", receivedMessages: 1, receivedBytes: 2),
            ]
        )
    }
}
