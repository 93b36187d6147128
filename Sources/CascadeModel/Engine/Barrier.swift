internal import CCascadeKernels
internal import Glibc
internal import Synchronization

/// Where a fixed number of threads wait for each other: spinning for up to 50 microseconds, asleep from then on, so
/// that steps of a pass follow each other without a system call and idle threads cost nothing.
///
/// `@unchecked Sendable`: the counters are atomic, and the lock and condition are only used through pthread's functions
/// between `init` and `deinit`.
final class Barrier: @unchecked Sendable {
    private static let spinNanoseconds: UInt64 = 50_000

    private let parties: Int
    /// Threads that have arrived in the present round.
    private let arrived = Atomic<Int>(0)
    /// Rounds completed.
    private let round = Atomic<Int>(0)
    /// Threads asleep, or about to be.
    private let sleepers = Atomic<Int>(0)
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(parties: Int) {
        self.parties = parties
        lock.initialize(to: pthread_mutex_t())
        wake.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wake, nil)
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(lock)
        wake.deallocate()
        lock.deallocate()
    }

    /// Returns when all parties have called it. What a thread wrote before, all see afterwards.
    func wait() {
        if parties == 1 { return }
        let mine = round.load(ordering: .relaxed)
        if arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == parties {
            arrived.store(0, ordering: .relaxed)
            // Sequentially consistent, as is the sleepers' pair of steps: either this thread sees the sleeper, or the
            // sleeper sees the new round.
            round.store(mine &+ 1, ordering: .sequentiallyConsistent)
            if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
                pthread_mutex_lock(lock)
                pthread_cond_broadcast(wake)
                pthread_mutex_unlock(lock)
            }
            return
        }
        if !spin(while: mine) { sleep(while: mine) }
    }

    /// Spins until the round ends or the time is up; whether it ended.
    private func spin(while mine: Int) -> Bool {
        let start = monotonicNanoseconds()
        while true {
            for _ in 0..<32 {
                if round.load(ordering: .acquiring) != mine { return true }
                csk_pause()
            }
            if monotonicNanoseconds() &- start > Barrier.spinNanoseconds { return false }
        }
    }

    private func sleep(while mine: Int) {
        pthread_mutex_lock(lock)
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while round.load(ordering: .sequentiallyConsistent) == mine {
            pthread_cond_wait(wake, lock)
        }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(lock)
    }
}

/// The monotonic clock in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
