import Foundation
import Synchronization
import Testing

@testable import CascadeHost

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

    @Test func turnsAreNeverTwoAtOnce() throws {
        let path = Self.path()
        defer { unlink(path) }
        let turns = Mutex([0, 0])
        let inside = Mutex(0)
        let threads = (0..<2).map { index in
            Self.onThread(path) { lock in
                while turns.withLock({ $0[index] }) < 50 {
                    guard lock.take() else { continue }
                    let count = inside.withLock {
                        $0 += 1
                        return $0
                    }
                    if count != 1 { Issue.record("two turns at once") }
                    turns.withLock { $0[index] += 1 }
                    usleep(1_000)
                    inside.withLock { $0 -= 1 }
                    lock.release()
                }
            }
        }
        for thread in threads { #expect(thread.wait(timeout: .now() + 20) == .success) }
        #expect(turns.withLock { $0 } == [50, 50])
    }

    /// Whoever waits has the next turn, however quickly the one before asks again.
    @Test func whoeverWaitsIsNext() throws {
        let path = Self.path()
        defer { unlink(path) }
        let lock = try TurnLock(path: path)
        // A long turn first: the others are then waited for long enough even on a machine that has much else to do.
        #expect(lock.take())
        usleep(400_000)
        lock.release()
        var waited = 0
        for _ in 0..<12 {
            guard lock.take() else { continue }
            let order = Mutex<[String]>([])
            let other = WaitingThread(path) { isMine in order.withLock { $0.append(isMine ? "other" : "gave up") } }
            let isAsleep = other.isAsleep(within: 5)
            lock.release()
            let isMine = lock.take()
            order.withLock { $0.append(isMine ? "again" : "gave up") }
            lock.release()
            #expect(other.done.wait(timeout: .now() + 10) == .success)
            let turns = order.withLock { $0 }
            // Where somebody gave up, the machine stood still for longer than a turn is waited for.
            guard isAsleep, !turns.contains("gave up") else { continue }
            #expect(turns == ["other", "again"])
            waited += 1
        }
        #expect(waited >= 3)
    }

    /// A thread that asks for a turn, says whether it came, and gives it back.
    private final class WaitingThread: Sendable {
        let done = DispatchSemaphore(value: 0)
        /// Where the kernel tells how it is, as soon as it asks for its turn.
        private let place = Mutex("")

        init(_ path: String, _ turn: @escaping @Sendable (_ isMine: Bool) -> Void) {
            Thread.detachNewThread { [self] in
                if let lock = try? TurnLock(path: path),
                    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
                {
                    place.withLock { $0 = "/proc/\(own)/stat" }
                    turn(lock.take())
                    lock.release()
                }
                done.signal()
            }
        }

        /// Whether it comes to wait for its turn: it has asked, and the kernel says that it sleeps, twice.
        func isAsleep(within seconds: Double) -> Bool {
            let started = MonotonicClock.now()
            var times = 0
            while MonotonicClock.seconds(since: started) < seconds {
                let words = try? String(contentsOfFile: place.withLock { $0 }, encoding: .utf8)
                // Behind the thread's name, which is in brackets: the letter of its state.
                let state = words?.split(separator: ")").last?.split(separator: " ").first
                times = state == "S" ? times + 1 : 0
                if times == 2 { return true }
                usleep(1_000)
            }
            return false
        }
    }

    @Test func aHolderThatDoesNotComeBackIsNotWaitedForWithoutEnd() throws {
        let path = Self.path()
        defer { unlink(path) }
        let lock = try TurnLock(path: path)
        #expect(lock.take())
        let waited = Mutex(0.0)
        let waiter = Self.onThread(path) { lock in
            let started = MonotonicClock.now()
            // Each wait is half of the one before: all of them together are no longer than two.
            for _ in 0..<20 where lock.take() { Issue.record("the turn was another's") }
            waited.withLock { $0 = MonotonicClock.seconds(since: started) }
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
