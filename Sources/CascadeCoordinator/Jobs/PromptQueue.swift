import CascadeCore
import OrderedCollections

/// Prompts that are no tokens yet, by the client that sent them. One is read at a time, and clients take turns: one
/// that sends many makes nobody wait for more than one of them.
struct PromptQueue: Sendable {
    private struct Entry: Sendable {
        let id: JobID
        let bytes: Int
    }

    /// What each client waits for, oldest first; whose turn it was last comes last. Jobs that were found in the journal
    /// are nobody's.
    private var clients: OrderedDictionary<PeerID?, [Entry]> = [:]
    /// Whose each prompt is; for look-up only: it is never iterated.
    private var owners: [JobID: PeerID?] = [:]
    /// The prompt that is being read, whatever has become of its job, and whose it is.
    private var reading: (id: JobID, client: PeerID?)?

    /// Bytes that wait for a client, with those that are being read.
    func bytes(of client: PeerID?) -> Int { clients[client]?.reduce(0) { $0 + $1.bytes } ?? 0 }

    /// Takes a job's prompt.
    mutating func insert(_ id: JobID, bytes: Int, of client: PeerID?) {
        owners[id] = .some(client)
        clients[client, default: []].append(Entry(id: id, bytes: bytes))
    }

    /// The prompt to read next, of those that can be read; nil where there is none, or one is being read.
    func next(where isReadable: (JobID) -> Bool) -> JobID? {
        guard reading == nil else { return nil }
        for waiting in clients.values {
            if let entry = waiting.first(where: { isReadable($0.id) }) { return entry.id }
        }
        return nil
    }

    /// A prompt is being read.
    mutating func begin(_ id: JobID) {
        guard let client = owners[id] else { return }
        reading = (id, client)
    }

    /// A prompt has been read, whatever came of it: its client's next one comes behind those of all others, also of
    /// those who came meanwhile.
    mutating func end(_ id: JobID) {
        guard let (read, client) = reading, read == id else { return }
        reading = nil
        if let waiting = clients.removeValue(forKey: client) { clients[client] = waiting }
    }

    /// A job's prompt has become tokens, or its job has ended.
    mutating func remove(_ id: JobID) {
        guard let client = owners.removeValue(forKey: id) else { return }
        clients[client]?.removeAll { $0.id == id }
        if clients[client]?.isEmpty == true { clients.removeValue(forKey: client) }
    }
}
