import Foundation
import Synchronization
import Testing

@testable import CascadeNode

/// Turns between threads stand for turns between processes: the lock knows no difference.
struct TurnLockTests {
    private static func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "turn-\(UUID().uuidString).lock").path
    }

    /// Runs `body` on a thread of its own, with a lock of its own on the file.
    private static func onThread(_ path: String, _ body: @escaping @Sendable (TurnLock) -> Void) -> DispatchSemaphore {
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if let lock = try? TurnLock(path: path) { body(lock) }
            done.signal()
        }
        return done
    }

    @Test func twoThatAlwaysWantATurnAlternate() throws {
        let path = Self.path()
        defer { unlink(path) }
        let order = Mutex<[Int]>([])
        let inside = Mutex(0)
        let threads = (0..<2).map { index in
            Self.onThread(path) { lock in
                for _ in 0..<50 {
                    guard lock.take() else { continue }
                    if inside.withLock({
                        $0 += 1; return $0
                    }) != 1 {
                        Issue.record("two turns at once")
                    }
                    order.withLock { $0.append(index) }
                    usleep(1_000)
                    inside.withLock { $0 -= 1 }
                    lock.release()
                }
            }
        }
        for thread in threads { #expect(thread.wait(timeout: .now() + 20) == .success) }
        let turns = order.withLock { $0 }
        #expect(turns.count == 100)
        // Nobody has more than two turns while the other waits: the first may have some before the second comes.
        let longest = turns.split { $0 == 0 }.map(\.count).max() ?? 0
        let changes = zip(turns, turns.dropFirst()).count { $0 != $1 }
        #expect(longest < 40 && changes > 40, "\(turns)")
    }

    @Test func aHolderThatDoesNotComeBackIsNotWaitedForWithoutEnd() throws {
        let path = Self.path()
        defer { unlink(path) }
        let lock = try TurnLock(path: path)
        #expect(lock.take())
        let waited = Mutex(0.0)
        let waiter = Self.onThread(path) { lock in
            let started = MonotonicTime.now()
            // Each wait is half of the one before: all of them together are no longer than two.
            for _ in 0..<20 where lock.take() { Issue.record("the turn was another's") }
            waited.withLock { $0 = MonotonicTime.seconds(since: started) }
        }
        #expect(waiter.wait(timeout: .now() + 10) == .success)
        #expect((0.04..<2.5).contains(waited.withLock { $0 }))
        lock.release()
        let next = Self.onThread(path) { lock in
            if !lock.take() { Issue.record("the turn is free") }
        }
        #expect(next.wait(timeout: .now() + 10) == .success)
    }

    @Test func aThreadThatEndsInItsTurnLosesIt() throws {
        let path = Self.path()
        defer { unlink(path) }
        let dying = Self.onThread(path) { lock in
            if !lock.take() { Issue.record("the turn is free") }
            // The kernel gives a robust mutex back when its holder ends; `release` must not come before.
            _ = Unmanaged.passRetained(lock)
        }
        #expect(dying.wait(timeout: .now() + 10) == .success)
        usleep(50_000)
        let lock = try TurnLock(path: path)
        #expect(lock.take())
    }

    @Test func theFileIsAskedForOnlyWhereCoresAreShared() {
        #expect(TurnLockChoice("none").path(threads: 64) == nil)
        #expect(TurnLockChoice("/run/turn").path(threads: 1) == "/run/turn")
        let cores = AvailableCores.inMask
        #expect(TurnLockChoice("auto").path(threads: cores)?.contains("cascade-turn-") == true)
        if cores > 1 { #expect(TurnLockChoice("auto").path(threads: cores / 2) == nil) }
    }
}
