internal import CCascadeHost
internal import CascadeCore
internal import Foundation
internal import Synchronization

/// Processes that compute on the same cores take turns by pass (decisions.md 16): two of them with as many threads as
/// cores each, and barriers that spin, are slower together than one after the other.
///
/// The turn is a pair of mutexes in a file that all of them map. Whoever waits holds the outer one and gets the inner
/// one next, so that a process that has just had its turn cannot take another before it. A process that dies in its
/// turn loses it; one that is stopped in it keeps the others for two turns at most: they go on without. Confined to one
/// thread.
package final class TurnLock {
    /// The file's contents.
    private struct Layout {
        static let bytes = 4_096
        static let magic: UInt64 = 0x6361_7363_7475_726e  // "cascturn"
        static let outer = 64
        static let inner = 128
        static let longest = 192
    }

    /// Shortest and longest wait for a turn, in nanoseconds.
    private static let patience: ClosedRange<Int64> = 50_000_000...2_000_000_000

    private let memory: UnsafeMutableRawPointer
    private let outer: UnsafeMutablePointer<pthread_mutex_t>
    private let inner: UnsafeMutablePointer<pthread_mutex_t>
    /// Nanoseconds of the longest of the last turns, of any process; it fades.
    private let longest: UnsafeMutablePointer<Atomic<UInt64>>
    private var takenAt: Instant?
    /// Turns in a row that did not come.
    private var misses = 0

    /// Opens or makes the file at `path`; throws words for people where it cannot be had.
    package init(path: String) throws(HostError) {
        let descriptor: Int32
        do throws(OwnPlaceError) {
            descriptor = try OwnFile.open(path)
        } catch {
            throw HostError("turn lock: \(error)")
        }
        // The mapping keeps the open file, and with it the lock, beyond the descriptor's end.
        defer {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
        // Makers come one after the other.
        guard flock(descriptor, LOCK_EX) == 0, ftruncate(descriptor, off_t(Layout.bytes)) == 0,
            let memory = mmap(nil, Layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            memory != MAP_FAILED
        else { throw HostError("turn lock \(path): \(SystemError.text(errno))") }
        self.memory = memory
        outer = (memory + Layout.outer).bindMemory(to: pthread_mutex_t.self, capacity: 1)
        inner = (memory + Layout.inner).bindMemory(to: pthread_mutex_t.self, capacity: 1)
        longest = (memory + Layout.longest).bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        let magic = memory.bindMemory(to: UInt64.self, capacity: 1)
        guard magic.pointee != Layout.magic else { return }
        Self.make(outer)
        Self.make(inner)
        longest.pointee.store(0, ordering: .relaxed)
        magic.pointee = Layout.magic
    }

    deinit {
        release()
        munmap(memory, Layout.bytes)
    }

    /// Shared between processes, and given back by the kernel where its holder dies.
    private static func make(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_setpshared(&attributes, Int32(PTHREAD_PROCESS_SHARED))
        pthread_mutexattr_setrobust(&attributes, Int32(PTHREAD_MUTEX_ROBUST))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    /// Waits for a turn, for two of the longest turns of late at most; false when it did not come: the caller goes on
    /// without one, and waits half as long the next time: a process that is stopped in its turn holds nobody up for
    /// long.
    package func take() -> Bool {
        let isMine = wait()
        misses = isMine ? 0 : misses + 1
        return isMine
    }

    private func wait() -> Bool {
        let patience = Int64(clamping: longest.pointee.load(ordering: .relaxed)) &* 2
        let limit = min(max(patience, Self.patience.lowerBound), Self.patience.upperBound) >> min(misses, 40)
        let started = MonotonicClock.now()
        guard Self.lock(outer, within: limit) else { return false }
        let waited = Int64(MonotonicClock.seconds(since: started) * 1e9)
        let isMine = Self.lock(inner, within: max(0, limit - waited))
        pthread_mutex_unlock(outer)
        if isMine { takenAt = MonotonicClock.now() }
        return isMine
    }

    /// Gives the turn to whoever waits; does nothing without one.
    package func release() {
        guard let takenAt else { return }
        self.takenAt = nil
        let held = UInt64(MonotonicClock.seconds(since: takenAt) * 1e9)
        // Only the holder writes it.
        let before = longest.pointee.load(ordering: .relaxed)
        longest.pointee.store(max(held, before - before / 16), ordering: .relaxed)
        pthread_mutex_unlock(inner)
    }

    private static func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>, within nanoseconds: Int64) -> Bool {
        switch csh_mutex_lock_within(mutex, nanoseconds) {
        case 0: return true
        case EOWNERDEAD:
            // The holder died in its turn. Nothing but the turn is guarded, so nothing is half done.
            pthread_mutex_consistent(mutex)
            return true
        default: return false
        }
    }
}

/// Which file processes take turns by, if any.
package enum TurnLockChoice: Equatable, Sendable {
    /// One of this user's, by the cores that the process may use, unless its threads leave half of them free.
    case automatic
    /// This file.
    case file(String)
    /// No turns.
    case none

    /// Reads `auto`, `none` or a path.
    package init(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "none": self = .none
        default: self = .file(text)
        }
    }

    /// The file for a process with that many threads; nil where it takes no turns.
    package func path(threads: Int) -> String? {
        switch self {
        case .none: return nil
        case .file(let path): return path
        case .automatic:
            // Two such processes have room beside each other.
            guard 2 * threads > AvailableCores.inMask else { return nil }
            let cores = HostCores.mask.map { $0.isNumber ? $0 : "-" }
            let name = "cascade-turn-\(getuid())-\(String(cores)).lock"
            return FileManager.default.temporaryDirectory.appending(path: name).path
        }
    }
}

/// Nodes of one user on one host load and measure one after the other.
///
/// A pass that is measured while another process rearranges its weights looks twice as dear, and draft lengths follow
/// what was measured. Loading takes all cores anyway, so nobody is ready later for having waited.
package enum LoadTurn {
    /// Runs `body` in a turn of its own, waiting for it at most that long; then, and where no lock can be had, without
    /// one: a node that hangs must not keep others from starting, and no more must another user who made the file.
    package static func take<Value>(
        waitingAtMost seconds: Double,
        path: String = usualPath,
        _ body: () throws -> Value
    ) rethrows -> Value {
        let descriptor = try? OwnFile.open(path)
        defer { if let descriptor { close(descriptor) } }
        let started = MonotonicClock.now()
        while let descriptor, flock(descriptor, LOCK_EX | LOCK_NB) != 0,
            MonotonicClock.seconds(since: started) < seconds
        {
            usleep(20_000)
        }
        return try body()
    }

    package static var usualPath: String {
        FileManager.default.temporaryDirectory.appending(path: "cascade-load-\(getuid()).lock").path
    }
}
