import CascadeCoordinator
import CascadeCore
import CascadeWire

/// The network: between the frames that one side sends and those that the other side gets.
extension Simulation {
    /// A peer sends to the coordinator.
    mutating func sendUp(_ message: Message, _ link: SimulatedLink) {
        guard now >= link.upBlockedUntil else { return }
        let frames = WireCodec.encode(message)
        for time in arrivals() { queue.insert(.toCoordinator(frames, from: link.address.peer), at: time) }
        if let half = garble(frames) { queue.insert(.toCoordinator(half, from: link.address.peer), at: later(5)) }
    }

    /// The coordinator sends to a peer; its driver learns where there is no route.
    mutating func sendDown(_ message: Message, to peer: PeerID, boot: UInt64) {
        trace("-> \(peer.bytes) \(message)")
        guard let address = SimulatedAddress(peer), let link = link(of: address) else {
            queue.insert(.driver(.peerLost(peer), boot: boot), at: later(2))
            return
        }
        if address.kind == .client, now < clients[address.index].fullUntil {
            queue.insert(.driver(.peerFull(peer), boot: boot), at: later(2))
            return
        }
        guard now >= link.downBlockedUntil else { return }
        let frames = WireCodec.encode(message)
        for time in arrivals() { queue.insert(.toPeer(frames, peer), at: time) }
        if let half = garble(frames) { queue.insert(.toPeer(half, peer), at: later(5)) }
    }

    /// The link with that very address; nil when that connection is no more.
    private func link(of address: SimulatedAddress) -> SimulatedLink? {
        switch address.kind {
        case .node:
            let (isUp, link) = (nodes[address.index].isUp, nodes[address.index].link)
            return isUp && link.address == address ? link : nil
        case .client:
            let (awayUntil, link) = (clients[address.index].awayUntil, clients[address.index].link)
            return awayUntil <= now && link.address == address ? link : nil
        case .crowd:
            let link = crowds[address.index].link
            return link.address == address ? link : nil
        case .stranger: return SimulatedLink(address: address)
        }
    }

    /// When a message arrives: once, never, or twice.
    private mutating func arrivals() -> [Instant] {
        if random.chance(dropped) {
            report.coverage.count(.frameDropped)
            return []
        }
        var times = [later(3)]
        if random.chance(delayed) {
            report.coverage.count(.frameDelayed)
            times[0] = later(1500)
        }
        if random.chance(duplicated) {
            report.coverage.count(.frameDuplicated)
            times.append(later(800))
        }
        return times
    }

    /// Sometimes half a message comes too; never one that still means something.
    private mutating func garble(_ frames: [[UInt8]]) -> [[UInt8]]? {
        guard random.chance(garbled) else { return nil }
        var half = frames
        if half.count > 1, random.chance(0.5) {
            half.removeLast()
        } else {
            half[0].removeLast(min(half[0].count, random.pick(1...8)))
        }
        guard (try? WireCodec.decode(half)) == nil else { return nil }
        report.coverage.count(.frameGarbled)
        return half
    }

    mutating func arriveAtCoordinator(_ frames: [[UInt8]], from peer: PeerID) {
        // What a connection still held when it broke, or when its peer died, may arrive all the same.
        guard coordinator != nil, let message = decode(frames), let address = SimulatedAddress(peer) else { return }
        trace("<- \(peer.bytes) \(message)")
        hear(message, from: address)
    }

    mutating func arriveAtPeer(_ frames: [[UInt8]], _ peer: PeerID) {
        guard let address = SimulatedAddress(peer), link(of: address) != nil, let message = decode(frames) else {
            return
        }
        switch address.kind {
        case .node: arriveAtNode(message, address.index)
        case .client: arriveAtClient(message, address.index)
        case .crowd: checkCrowd(message)
        case .stranger: checkStranger(message)
        }
    }

    private mutating func decode(_ frames: [[UInt8]]) -> Message? {
        do {
            let message = try WireCodec.decode(frames)
            report.coverage.count(MessageKind(message))
            return message
        } catch {
            trace("undecodable: \(error)")
            return nil
        }
    }
}
