import CascadeCore
import CascadeTestSupport
import Glibc
import Testing

@testable import CascadeTransport

/// The table of connections beside the kernel's own counts, without ZeroMQ.
@Suite struct ConnectionTableTests {
    /// A connection on the loopback interface whose receiving end has a given descriptor, or any.
    private struct Connection {
        let sender: Int32
        let receiver: Int32

        init(as descriptor: Int32? = nil) throws {
            let port = try TCPSocket.freePort()
            let listener = try #require(TCPSocket.listen(at: SocketAddress(port: port)))
            defer { Glibc.close(listener) }
            sender = try #require(TCPSocket.connect(port: port))
            let accepted = try #require(TCPSocket.accept(listener)).socket
            guard let descriptor else {
                receiver = accepted
                return
            }
            #expect(dup2(accepted, descriptor) == descriptor)
            Glibc.close(accepted)
            receiver = descriptor
        }

        /// Sends so many bytes, and takes them out at the other end as ZeroMQ does.
        func carry(_ bytes: Int) {
            var buffer = [UInt8](repeating: 7, count: 32 << 10)
            var left = bytes
            while left > 0 {
                let count = min(left, buffer.count)
                #expect(send(sender, buffer, count, 0) == count)
                #expect(recv(receiver, &buffer, count, Int32(MSG_WAITALL)) == count)
                left -= count
            }
        }

        func close() { for end in [sender, receiver] { Glibc.close(end) } }
    }

    private func peer(_ number: UInt8) -> PeerID { PeerID([0, 0, 0, 0, number]) }

    private func look(_ table: inout ConnectionTable) {
        for _ in 1...2 { table.look(isSettled: true) }
    }

    /// ZeroMQ delivers what a connection had sent when the kernel has given its descriptor to another already.
    @Test func whatAnEndedConnectionHasSent() throws {
        var table = ConnectionTable(TransportOptions(), isEncrypted: false)
        let first = try Connection()
        _ = table.open(first.receiver)
        first.carry(102)
        table.noteDelivery(of: [[UInt8](repeating: 7, count: 100)], from: peer(1), by: first.receiver)
        look(&table)
        #expect(table.excess().isEmpty)
        table.close(first.receiver)
        let second = try Connection(as: first.receiver)
        _ = table.open(second.receiver)
        let late = [[UInt8](repeating: 7, count: 3 << 20)]
        table.noteDelivery(of: late, from: peer(1), by: second.receiver)
        second.carry(3 << 20)
        look(&table)
        #expect(table.excess().map(\.descriptor) == [second.receiver])
        // Its own message counts.
        table.noteDelivery(of: late, from: peer(2), by: second.receiver)
        look(&table)
        #expect(table.excess().isEmpty)
        Glibc.close(first.sender)
        second.close()
    }

    /// ZeroMQ delivers what a connection says before anybody has read that it is there, and that the earlier one with
    /// its descriptor is not: that one is not taken for it.
    @Test(arguments: [false, true])
    func whoIsNewOnADescriptor(_ earlierHasSpoken: Bool) throws {
        var options = TransportOptions()
        options.sendQueueBytes = 1 << 20
        var table = ConnectionTable(options, isEncrypted: false)
        let first = try Connection()
        _ = table.open(first.receiver)
        if earlierHasSpoken { table.noteDelivery(of: [[7]], from: peer(1), by: first.receiver) }
        let second = try Connection(as: first.receiver)
        // This is what has the reports read before a message is noted.
        #expect(!table.knows(peer(2), by: second.receiver))
        let message = [[UInt8](repeating: 7, count: 3 << 20)]
        table.noteDelivery(of: message, from: peer(2), by: second.receiver)
        table.close(first.receiver)
        _ = table.open(second.receiver)
        #expect(!table.knows(peer(2), by: second.receiver))
        second.carry(3 << 20)
        table.noteDelivery(of: message, from: peer(2), by: second.receiver)
        #expect(table.knows(peer(2), by: second.receiver))
        look(&table)
        #expect(table.excess().isEmpty)
        // What is sent to it is bounded.
        table.noteSent(1 << 20, to: peer(2))
        let hasRoom = table.hasRoom(for: 1, to: peer(2))
        #expect(!hasRoom)
        Glibc.close(first.sender)
        second.close()
    }

    /// As many numbers as connections, from the first one on and around the end of 32 bits; nothing else is a number.
    @Test func whatZeroMQCanHaveGiven() throws {
        var table = ConnectionTable(TransportOptions(), isEncrypted: false, firstNumber: .max)
        let connection = try Connection()
        let last = PeerID([0, 255, 255, 255, 255])
        #expect(!table.canHaveGiven(last))
        for (peer, isGiven) in [(last, true), (peer(0), false), (peer(1), false)] {
            if isGiven { _ = table.open(connection.receiver) }
            #expect(table.canHaveGiven(peer) == isGiven)
        }
        _ = table.open(connection.receiver)
        #expect(table.canHaveGiven(last) && table.canHaveGiven(peer(0)) && !table.canHaveGiven(peer(1)))
        #expect(!table.canHaveGiven(PeerID([1, 0, 0, 0, 0])) && !table.canHaveGiven(PeerID([0, 0, 0, 0])))
        connection.close()
    }

    /// Where the ended connection had not been heard of, its messages count until the other's first one.
    @Test(arguments: [(1, 2), (255, 0)] as [(UInt8, UInt8)])
    func theLaterPeerIsTheConnections(_ numbers: (UInt8, UInt8)) throws {
        func peer(_ number: UInt8) -> PeerID {
            // Numbers go on from the end of 32 bits.
            number == 255 ? PeerID([0, 255, 255, 255, 255]) : PeerID([0, 0, 0, 0, number])
        }
        var options = TransportOptions()
        options.sendQueueBytes = 1 << 20
        var table = ConnectionTable(options, isEncrypted: false)
        let connection = try Connection()
        _ = table.open(connection.receiver)
        let late = [[UInt8](repeating: 7, count: 3 << 20)]
        table.noteDelivery(of: late, from: peer(numbers.0), by: connection.receiver)
        connection.carry(102)
        table.noteDelivery(of: [[UInt8](repeating: 7, count: 100)], from: peer(numbers.1), by: connection.receiver)
        table.noteDelivery(of: late, from: peer(numbers.0), by: connection.receiver)
        look(&table)
        connection.carry(3 << 20)
        look(&table)
        #expect(table.excess().map(\.descriptor) == [connection.receiver])
        // What is sent to it is bounded.
        let hadRoom = table.hasRoom(for: 1 << 20, to: peer(numbers.1))
        table.noteSent(1 << 20, to: peer(numbers.1))
        let hasRoom = table.hasRoom(for: 1, to: peer(numbers.1))
        #expect(hadRoom && !hasRoom)
        connection.close()
    }

    /// Behind a message as much as may be unfinished; more is too much, however long heartbeats have been coming.
    @Test(arguments: [0, 10_000])
    func whatFollowsAMessage(_ heartbeats: Int) throws {
        let options = TransportOptions()
        for (excess, isTooMuch) in [(0, false), (200 << 10, true)] {
            var table = ConnectionTable(options, isEncrypted: false)
            let connection = try Connection()
            _ = table.open(connection.receiver)
            for round in 1...3 {
                connection.carry(heartbeats / round + 102)
                table.noteDelivery(
                    of: [[UInt8](repeating: 7, count: 100)],
                    from: peer(1),
                    by: connection.receiver
                )
                look(&table)
            }
            connection.carry(options.maxMessageBytes + excess)
            look(&table)
            #expect(table.excess().isEmpty != isTooMuch)
            connection.close()
        }
    }
}
