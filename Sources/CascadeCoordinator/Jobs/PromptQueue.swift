import CascadeCore
import OrderedCollections

/// Prompts that are no tokens yet. One is read at a time: owners take turns by weight, and the clients of an owner one
/// after the other, so that one that sends many makes nobody wait for long.
///
/// Start-time fair queueing as in ``OwnerTable``, of bytes: an owner's time grows by those that are read for it,
/// divided by its weight, and whoever has the earliest time comes first.
struct PromptQueue: Sendable {
    private struct Entry: Sendable {
        let id: JobID
        let bytes: Int
    }

    /// Whose prompts are read in turn. Jobs that were found in the journal have no peer.
    private struct Client: Hashable, Sendable {
        let peer: PeerID?
        let owner: String
    }

    /// What each client waits for, oldest first; whose turn it was last comes last.
    private var clients: OrderedDictionary<Client, [Entry]> = [:]
    /// Whose each prompt is; for look-up only: it is never iterated.
    private var sources: [JobID: Client] = [:]
    /// The prompt that is being read, whatever has become of its job, and whose it is.
    private var reading: (id: JobID, client: Client)?
    /// The times of owners who are behind the clock; the others' is the clock's.
    private var times: [String: Double] = [:]
    /// The time of the owner whose prompt was begun last.
    private var clock = 0.0

    /// Bytes that wait for a client, with those that are being read.
    func bytes(of peer: PeerID?, owner: String) -> Int {
        clients[Client(peer: peer, owner: owner)]?.reduce(0) { $0 + $1.bytes } ?? 0
    }

    /// Takes a job's prompt.
    mutating func insert(_ id: JobID, bytes: Int, of peer: PeerID?, owner: String) {
        let client = Client(peer: peer, owner: owner)
        sources[id] = client
        clients[client, default: []].append(Entry(id: id, bytes: bytes))
    }

    /// The prompt to read next, of those that can be read; nil where there is none, or one is being read.
    func next(where isReadable: (JobID) -> Bool) -> JobID? {
        guard reading == nil else { return nil }
        var next: (time: Double, id: JobID)?
        for (client, waiting) in clients {
            let time = time(of: client.owner)
            if let next, next.time <= time { continue }
            if let entry = waiting.first(where: { isReadable($0.id) }) { next = (time, entry.id) }
        }
        return next?.id
    }

    /// A prompt is being read, for an owner of that weight.
    mutating func begin(_ id: JobID, weight: Int) {
        guard let client = sources[id], let entry = clients[client]?.first(where: { $0.id == id }) else { return }
        reading = (id, client)
        clock = time(of: client.owner)
        times = times.filter { $0.value > clock }
        times[client.owner] = clock + Double(entry.bytes) / Double(max(1, weight))
    }

    private func time(of owner: String) -> Double { max(clock, times[owner] ?? clock) }

    /// A prompt has been read, whatever came of it: its client's next one comes behind those of all others of its
    /// owner, also of those who came meanwhile.
    mutating func end(_ id: JobID) {
        guard let (read, client) = reading, read == id else { return }
        reading = nil
        if let waiting = clients.removeValue(forKey: client) { clients[client] = waiting }
    }

    /// A job's prompt has become tokens, or its job has ended.
    mutating func remove(_ id: JobID) {
        guard let client = sources.removeValue(forKey: id) else { return }
        clients[client]?.removeAll { $0.id == id }
        if clients[client]?.isEmpty == true { clients.removeValue(forKey: client) }
    }
}
