internal import CascadeCore
internal import CascadeHost

/// The connections of one socket, and what waits in each that ZeroMQ itself does not bound: its limits count finished
/// messages, and it takes parts without end from a peer that never sends the last one. An empty part is 2 bytes on the
/// wire and 64 in memory.
///
/// A connection is one ordered stream, and the kernel counts what ZeroMQ has read from it. What is unfinished in it is
/// at most what was read since the last look before its last message, and at most what was read less its messages, less
/// the handshake and heartbeats. How many bytes those had is not told, but each message shows some of it: what the
/// first bound leaves of the bytes that are in no message. Peers that send much at once keep the second bound low, old
/// connections the first. This holds with keys and without, and before a handshake is finished. A peer that says
/// nothing but heartbeats for about 12 hours is ended once, and connects anew.
///
/// ZeroMQ keeps what a handshake says about a peer, twice, for as long as the connection stands; 42 times its bytes in
/// memory. So that stays counted: it is what was read beyond messages.
///
/// Nothing is counted on ipc, where every peer is a process of this user, nor within a process.
struct ConnectionTable {
    /// Beside its message, a connection may have a handshake and heartbeats.
    private static let slackBytes: UInt64 = 64 << 10
    /// Descriptors for everything that is no connection.
    private static let otherDescriptors = 64
    /// Looks behind a connection's first message until its handshake is known: part of another message may be there.
    private static let looksAtOpening = 8
    /// Where the peers together have more waiting for them than they may, each may have this much.
    private static let crowdedQueueBytes: UInt64 = 64 << 10

    private struct Entry {
        let connection: KernelConnection
        /// Counts connections: smaller is older.
        let number: UInt64
        let isCounted: Bool
        /// What ZeroMQ had read from it at the last look, and at the last one that found no message waiting.
        var bytesRead: UInt64 = 0
        var bytesSettled: UInt64 = 0
        /// The end of its last message is behind so many bytes.
        var bytesDelivered: UInt64 = 0
        /// Whether a message of it was delivered since the last look, and between the two before.
        var deliversNow = false
        var deliveredBefore = false
        /// Bytes on the wire of all its messages that were delivered.
        var bytesOfMessages: UInt64 = 0
        /// Bytes at least of handshake and heartbeats.
        var bytesBeside: UInt64 = 0
        /// Looks behind the first delivery, and the least that was read beyond messages at any of them that found more
        /// deliveries: the handshake.
        var looks = 0
        var opening = UInt64.max
        var isCut = false
        /// What messages for it are known by, once it has sent one.
        var peer: PeerID?
        /// The peer of the last connection with this descriptor that sent a message: its own is a later one.
        let predecessor: PeerID?
        /// Bytes handed to ZeroMQ for it, and bytes that ZeroMQ had put into it at the last look.
        var bytesSent: UInt64 = 0
        var bytesWritten: UInt64 = 0

        var hasDelivered: Bool { peer != nil }
        private var bytesSinceDelivery: UInt64 { bytesRead - bytesDelivered }
        var bytesBeyondMessages: UInt64 { bytesRead - min(bytesRead, bytesOfMessages) }
        /// Bytes at most of what is unfinished; none where messages come: what is behind the last one shows then.
        var unfinished: UInt64 {
            guard !deliversNow, !deliveredBefore else { return 0 }
            return min(bytesSinceDelivery, bytesBeyondMessages - min(bytesBeyondMessages, bytesBeside))
        }
        /// The same, and what ZeroMQ keeps of the handshake.
        var held: UInt64 { unfinished + (looks < ConnectionTable.looksAtOpening ? 0 : 2 * opening) }
        /// Bytes about of what waits in ZeroMQ to be sent.
        var queued: UInt64 { bytesSent - bytesWritten }

        /// - Parameter isSettled: whether no message waited just now.
        mutating func lookAtReading(isSettled: Bool) {
            guard isCounted, !isCut, let now = connection.bytesRead else { return }
            bytesRead = max(bytesRead, now)
            if hasDelivered, looks < ConnectionTable.looksAtOpening { looks += 1 }
            bytesOfMessages = min(bytesOfMessages, bytesRead)
            if deliversNow {
                // Whatever was complete at the settled look was delivered before that.
                bytesDelivered = bytesSettled
                opening = min(opening, bytesBeyondMessages)
            }
            bytesBeside = max(bytesBeside, bytesBeyondMessages - min(bytesBeyondMessages, bytesSinceDelivery))
            (deliveredBefore, deliversNow) = (deliversNow, false)
            if isSettled { bytesSettled = bytesRead }
        }

        /// Takes back what was noted of messages that turn out to be an earlier connection's.
        mutating func forgetMessages() {
            peer = nil
            (bytesOfMessages, bytesDelivered, bytesBeside) = (0, 0, 0)
            (looks, opening) = (0, .max)
            (bytesSent, bytesWritten) = (0, 0)
        }

        /// What ZeroMQ adds to messages is in the kernel's count alone: an empty queue sets both equal.
        mutating func lookAtWriting() {
            guard bytesSent > 0, isCounted, !isCut, let now = connection.bytesWritten else { return }
            bytesWritten = max(bytesWritten, now)
            bytesSent = max(bytesSent, bytesWritten)
        }
    }

    private let options: TransportOptions
    private let isEncrypted: Bool
    /// The number of the first peer; nil where peers are not numbered.
    private let firstNumber: UInt32?
    private var entries: [Int32: Entry] = [:]
    private var routes: [PeerID: Int32] = [:]
    /// By descriptor: the peer of the last connection that has ended.
    private var predecessors: [Int32: PeerID] = [:]
    /// Connections whose beginning was reported, and those of them that the kernel knew.
    private var reported: UInt64 = 0
    private var made: UInt64 = 0
    private var live = 0
    private var counted = 0
    /// Bytes about of what waits to be sent to all peers: at the last look, and what was sent since.
    private(set) var bytesQueued: UInt64 = 0

    init(_ options: TransportOptions, isEncrypted: Bool, firstNumber: UInt32? = nil) {
        self.options = options
        self.isEncrypted = isEncrypted
        self.firstNumber = firstNumber
    }

    /// Whether looking finds anything out.
    var isWorthLooking: Bool { counted > 0 }

    /// Connections at most.
    var capacity: Int {
        max(Self.otherDescriptors / 4, min(options.maxConnections, DescriptorLimit.current - Self.otherDescriptors))
    }

    // MARK: What comes and goes

    /// Takes a new connection in. Where there are too many, one that never said anything is ended: the oldest such.
    /// - Returns: false where that was necessary.
    mutating func open(_ descriptor: Int32) -> Bool {
        close(descriptor)
        reported += 1
        guard let connection = KernelConnection(descriptor: descriptor) else { return true }
        made += 1
        entries[descriptor] = Entry(
            connection: connection,
            number: made,
            isCounted: connection.bytesRead != nil,
            predecessor: predecessors[descriptor]
        )
        live += 1
        counted += entries[descriptor]?.isCounted == true ? 1 : 0
        guard live > capacity else { return true }
        let silent = entries.values.lazy.filter { !$0.hasDelivered && !$0.isCut }.min { $0.number < $1.number }
        if let silent { cut(silent.connection.descriptor) }
        return false
    }

    /// Forgets a connection that has ended.
    /// - Returns: whether much of it was in no message: memory that goes back to the system when it is asked for.
    @discardableResult
    mutating func close(_ descriptor: Int32) -> Bool {
        guard let entry = entries.removeValue(forKey: descriptor) else { return false }
        if let peer = entry.peer {
            predecessors[descriptor] = peer
            if routes[peer] == descriptor { routes[peer] = nil }
        }
        live -= entry.isCut ? 0 : 1
        counted -= entry.isCounted ? 1 : 0
        return entry.bytesBeyondMessages > Self.slackBytes
    }

    /// Ends a connection; it stays in the table until its end is reported.
    /// - Returns: the peer's address; nil where it has ended already.
    @discardableResult
    mutating func cut(_ descriptor: Int32) -> String? {
        guard let entry = entries[descriptor], !entry.isCut else { return nil }
        let peer = entry.connection.peer
        entry.connection.cut()
        entries[descriptor]?.isCut = true
        live -= 1
        return peer
    }

    // MARK: What peers send

    /// Whether the connection with a descriptor is known to be a peer's.
    func knows(_ peer: PeerID, by descriptor: Int32) -> Bool { entries[descriptor]?.peer == peer }

    /// Whether ZeroMQ can have given a peer its number, which no connection but those that were reported has. A peer
    /// that chooses a higher one would have later ones taken for earlier ones.
    func canHaveGiven(_ peer: PeerID) -> Bool {
        guard let firstNumber else { return true }
        guard let number = peer.number else { return false }
        return UInt64(number &- firstNumber) < reported
    }

    /// Notes that a message was delivered, and so everything before it in its connection.
    mutating func noteDelivery(of frames: [[UInt8]], from peer: PeerID, by descriptor: Int32) {
        guard let index = entries.index(forKey: descriptor) else { return }
        let entry = entries.values[index]
        // ZeroMQ still delivers what an ended connection has sent, when the kernel has given its number to the next
        // one.
        if peer != entry.peer {
            // Its end, and the beginning of the next one, may still be among the reports that wait to be read.
            guard !entry.connection.isReplaced else { return }
            if let earlier = entry.peer ?? entry.predecessor, !peer.isLater(than: earlier) { return }
            if let earlier = entry.peer {
                routes[earlier] = nil
                entries.values[index].forgetMessages()
            }
            entries.values[index].peer = peer
            routes[peer] = descriptor
        }
        entries.values[index].deliversNow = true
        entries.values[index].bytesOfMessages += frames.reduce(0) { $0 + bytesOnWire($1.count) }
    }

    /// A frame's bytes at least, with what ZMTP adds: flags and size, and with keys a command around it all (ZMTP 3.1
    /// and CurveZMQ, RFC 23 and 26 of rfc.zeromq.org).
    private func bytesOnWire(_ payload: Int) -> UInt64 {
        let body = payload + (isEncrypted ? 33 : 0)
        return UInt64(body + (body < 256 ? 2 : 9))
    }

    /// Looks how far each connection has come.
    /// - Parameter isSettled: whether no message waited just now.
    mutating func look(isSettled: Bool) {
        bytesQueued = 0
        for index in entries.values.indices {
            entries.values[index].lookAtReading(isSettled: isSettled)
            entries.values[index].lookAtWriting()
            if !entries.values[index].isCut { bytesQueued += entries.values[index].queued }
        }
    }

    /// Connections that have too much unfinished, by the last look and what was delivered since then.
    func excess() -> [(descriptor: Int32, bytes: UInt64)] {
        let limit = UInt64(options.maxMessageBytes) + Self.slackBytes
        let limitOfAll = UInt64(options.maxUnfinishedBytes)
        var (sum, largest): (UInt64, UInt64) = (0, 0)
        for entry in entries.values where !entry.isCut {
            sum += entry.held
            largest = max(largest, entry.unfinished)
        }
        guard largest > limit || sum > limitOfAll else { return [] }
        var excess: [(descriptor: Int32, bytes: UInt64)] = []
        for entry in entries.values.filter({ !$0.isCut }).sorted(by: { $0.held > $1.held }) {
            guard entry.unfinished > limit || sum > limitOfAll else { continue }
            excess.append((entry.connection.descriptor, entry.held))
            sum -= entry.held
        }
        return excess
    }

    /// Receives so many that every connection's turn came twice: ZeroMQ takes a message of each in turn, and looks for
    /// new ones every hundred.
    var messagesUntilDrained: Int { 2 * entries.count + 200 }

    // MARK: What waits for peers

    /// Whether a message of so many bytes may be added to what waits for a peer: ZeroMQ counts messages only.
    mutating func hasRoom(for bytes: Int, to peer: PeerID) -> Bool {
        guard let descriptor = routes[peer], let index = entries.index(forKey: descriptor) else { return true }
        func hasRoom(_ entry: Entry, _ total: UInt64) -> Bool {
            let limit =
                total > UInt64(options.sendQueueBytesOfAll)
                ? Self.crowdedQueueBytes : UInt64(options.sendQueueBytes)
            return entry.queued == 0 || entry.queued + UInt64(bytes) <= limit
        }
        if hasRoom(entries.values[index], bytesQueued) { return true }
        let before = entries.values[index].queued
        entries.values[index].lookAtWriting()
        bytesQueued -= min(bytesQueued, before - entries.values[index].queued)
        return hasRoom(entries.values[index], bytesQueued)
    }

    /// Notes that ZeroMQ has taken so many bytes for a peer.
    mutating func noteSent(_ bytes: Int, to peer: PeerID) {
        guard let descriptor = routes[peer], let index = entries.index(forKey: descriptor),
            entries.values[index].isCounted
        else { return }
        entries.values[index].bytesSent += UInt64(bytes)
        bytesQueued += UInt64(bytes)
    }
}
