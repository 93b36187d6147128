internal import Glibc

/// One direction of a connection through a ``FaultProxy``: bytes that wait for their time. Confined to the proxy's
/// thread.
final class FaultLine {
    private enum Content {
        case bytes([UInt8])
        case end(isReset: Bool)
    }

    /// How the other side's sender ended.
    enum Ending {
        case none
        case closed
        case reset
    }

    /// What waits on the way at most; then the sender waits too.
    private static let mostBytes = 256 << 10
    /// Writes of one turn: slices must not keep other connections waiting.
    private static let mostWrites = 256

    private let source: Int32
    private let sink: Int32
    private var queue: [(due: ContinuousClock.Instant, content: Content)] = []
    private var queuedBytes = 0
    private var sent = 0
    private var lastDue = ContinuousClock.now
    private var paceUntil = ContinuousClock.now
    private var isSwallowing = false
    private var isSinkDead = false
    private var allowance: (generation: Int, bytes: Int)?
    /// Nothing comes from the source any more.
    private(set) var hasEnded = false
    /// The sink takes no more for now.
    private(set) var isBlocked = false
    /// Has come out at the other end, or been swallowed there: the connection is over.
    private(set) var ending = Ending.none

    init(from source: Int32, to sink: Int32) {
        (self.source, self.sink) = (source, sink)
    }

    var wantsBytes: Bool { !hasEnded && queuedBytes < Self.mostBytes }

    /// Takes in what the source has; `watch` is told of it, and false makes the line swallow it and all that follow.
    func read(
        _ conditions: LineConditions,
        now: ContinuousClock.Instant,
        draws: inout SeededGenerator,
        watch: (Int) -> Bool
    ) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while wantsBytes {
            let count = recv(source, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            var due = now + conditions.latency
            if conditions.jitter > .zero { due += conditions.jitter * Double.random(in: 0...1, using: &draws) }
            guard count > 0 else {
                hasEnded = true
                append(.end(isReset: count < 0), due: due + conditions.closeDelay)
                return
            }
            isSwallowing = isSwallowing || !watch(count) || conditions.passage == .swallowed
            if !isSwallowing {
                queuedBytes += count
                append(.bytes(Array(buffer[..<count])), due: due)
            }
        }
    }

    private func append(_ content: Content, due: ContinuousClock.Instant) {
        // Nothing overtakes on a line.
        lastDue = max(lastDue, due)
        queue.append((lastDue, content))
    }

    /// Hands on what is due and returns how many bytes that were.
    func write(
        _ conditions: LineConditions,
        generation: Int,
        since start: ContinuousClock.Instant,
        now: ContinuousClock.Instant,
        draws: inout SeededGenerator
    ) -> Int {
        var written = 0
        for _ in 0..<Self.mostWrites {
            guard ending == .none, !isBlocked, conditions.heldUntil(now: now, since: start) == nil,
                let first = queue.first, first.due <= now
            else { break }
            switch first.content {
            case .end(let isReset): ending = isReset ? .reset : .closed
            case .bytes(let bytes):
                guard paceUntil <= now else { return written }
                written += write(bytes, conditions, generation: generation, now: now, draws: &draws)
            }
        }
        return written
    }

    private func write(
        _ bytes: [UInt8],
        _ conditions: LineConditions,
        generation: Int,
        now: ContinuousClock.Instant,
        draws: inout SeededGenerator
    ) -> Int {
        var count = bytes.count - sent
        if let limit = conditions.closesAfterBytes {
            if allowance?.generation != generation { allowance = (generation, limit) }
            let left = allowance?.bytes ?? 0
            guard left > 0 else {
                ending = .closed
                return 0
            }
            count = min(count, left)
        }
        if let sizes = conditions.sliceBytes { count = min(count, Int.random(in: sizes, using: &draws)) }
        // A hundredth of a second at a time is smooth enough.
        if let rate = conditions.bytesPerSecond { count = min(count, max(rate / 100, 1)) }
        let taken = isSinkDead ? count : take(bytes[sent..<(sent + count)])
        guard taken > 0 else { return 0 }
        if let rate = conditions.bytesPerSecond {
            paceUntil = max(paceUntil, now) + .seconds(Double(taken) / Double(rate))
        }
        allowance?.bytes -= taken
        sent += taken
        if sent == bytes.count {
            queue.removeFirst()
            queuedBytes -= sent
            sent = 0
        }
        return taken
    }

    private func take(_ bytes: ArraySlice<UInt8>) -> Int {
        let count = bytes.withUnsafeBytes { send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count > 0 { return count }
        isBlocked = errno == EAGAIN
        // Whoever is gone there takes no more; that it is, comes the other way, when that way is open.
        isSinkDead = !isBlocked && errno != EINTR
        return 0
    }

    /// The sink may take more.
    func unblock() { isBlocked = false }

    /// When there is something to do that no socket tells of; nil for never.
    func nextDue(
        _ conditions: LineConditions,
        since start: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        guard ending == .none, !isBlocked, let first = queue.first else { return nil }
        let due = max(first.due, conditions.heldUntil(now: now, since: start) ?? now)
        if case .bytes = first.content { return max(due, paceUntil) }
        return due
    }
}
