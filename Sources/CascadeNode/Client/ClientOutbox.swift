internal import CascadeCore
internal import Synchronization

/// Messages that wait for the connection, filled by callers and emptied by the reactor thread.
final class ClientOutbox: Sendable {
    private let messages = Mutex<[Message]>([])

    /// Requests are idempotent and repeated, so a bounded outbox loses nothing.
    private static let capacity = 64

    func append(_ message: Message) {
        messages.withLock { if $0.count < Self.capacity { $0.append(message) } }
    }

    /// Takes back what has not left; false where there is nothing.
    func clear() -> Bool {
        messages.withLock { messages in
            defer { messages.removeAll() }
            return !messages.isEmpty
        }
    }

    /// Hands messages to `send` in order until it says no.
    func flush(_ send: (Message) -> Bool) {
        messages.withLock { messages in
            var sent = 0
            while sent < messages.count, send(messages[sent]) { sent += 1 }
            messages.removeFirst(sent)
        }
    }
}
