internal import Dispatch
internal import Foundation

/// Calls back on Ctrl-C instead of dying; a second Ctrl-C ends the process at once.
final class Interrupts {
    private let source: any DispatchSourceSignal

    /// Starts listening; stops when the value goes away.
    init(_ onInterrupt: @escaping @Sendable () -> Void) {
        signal(SIGINT, SIG_IGN)
        let counter = Counter()
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: counter.queue)
        source.setEventHandler {
            if counter.next() > 1 { Foundation.exit(130) }
            onInterrupt()
        }
        source.resume()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    /// Counts on its own queue.
    private final class Counter: @unchecked Sendable {
        // Unchecked: `count` is touched on `queue` alone, by the signal source's handler.
        private var count = 0
        let queue = DispatchQueue(label: "interrupts")

        func next() -> Int {
            dispatchPrecondition(condition: .onQueue(queue))
            count += 1
            return count
        }
    }
}
