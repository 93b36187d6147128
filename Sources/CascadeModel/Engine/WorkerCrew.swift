internal import Glibc
internal import Synchronization

/// The threads of an engine: the caller's and `count - 1` of its own, which run one piece of work together and wait
/// for the next. Never the cooperative pool.
///
/// Not `Sendable`: ``run()`` belongs to one thread.
package final class WorkerCrew {
    /// What the threads share.
    private final class Shared: Sendable {
        let gate: Barrier
        let stops = Atomic<Bool>(false)
        let work: @Sendable (Int) -> Void

        init(count: Int, work: @escaping @Sendable (Int) -> Void) {
            gate = Barrier(parties: count)
            self.work = work
        }
    }

    /// What one thread starts with.
    private final class Start {
        let shared: Shared
        let index: Int

        init(_ shared: Shared, _ index: Int) {
            self.shared = shared
            self.index = index
        }
    }

    private let shared: Shared
    private var threads: [pthread_t] = []

    /// Starts the threads. `work` is called with the index of the thread it runs on, 0 for the caller's.
    package init(count: Int, work: @escaping @Sendable (Int) -> Void) throws(ModelError) {
        shared = Shared(count: count, work: work)
        for index in 1..<max(count, 1) {
            let start = Unmanaged.passRetained(Start(shared, index))
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, WorkerCrew.main, start.toOpaque())
            guard code == 0 else {
                start.release()
                // The threads that did start wait at a gate that now never fills: they are left behind, asleep.
                threads = []
                throw .threads(code: code)
            }
            threads.append(thread)
        }
    }

    deinit {
        guard !threads.isEmpty else { return }
        shared.stops.store(true, ordering: .relaxed)
        shared.gate.wait()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Runs the work on all threads; returns when all are done.
    package func run() {
        shared.gate.wait()
        shared.work(0)
        shared.gate.wait()
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        let shared = start.shared
        while true {
            shared.gate.wait()
            if shared.stops.load(ordering: .relaxed) { return nil }
            shared.work(start.index)
            shared.gate.wait()
        }
    }
}
