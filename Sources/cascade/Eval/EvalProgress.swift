internal import CascadeHost
internal import CascadeNode
internal import Synchronization

/// How far a long run is: a line drawn over on a terminal, else a line now and then.
final class EvalProgress: Sendable {
    private struct State {
        var first: (done: Int, at: Double)?
        var said = -EvalProgress.pause
    }

    /// Seconds between lines where nobody draws over them.
    private static let pause = 30.0

    private let label: String
    private let start = MonotonicClock.now()
    private let state = Mutex(State())

    init(_ label: String) { self.label = label }

    /// Tells how many of the answers are there.
    func show(done: Int, total: Int) {
        let now = MonotonicClock.seconds(since: start)
        let line = state.withLock { state -> String? in
            guard let first = state.first else {
                state.first = (done, now)
                return done == total ? nil : "\(label): \(done) of \(total) answers"
            }
            let isDue = Output.errorIsTerminal || now - state.said >= Self.pause || done == total
            guard isDue else { return nil }
            state.said = now
            let rate = Double(done - first.done) / max(1e-3, now - first.at)
            let left = Double(total - done) / max(1e-9, rate)
            return "\(label): \(done) of \(total) answers, \(Self.words(left)) left"
        }
        guard let line else { return }
        if Output.errorIsTerminal { Output.draw(line) } else { Output.note(line) }
    }

    /// Ends the line that was drawn over.
    func finish() { if Output.errorIsTerminal { Output.draw("") } }

    private static func words(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded())
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7_200 ? "\(seconds / 60) min" : "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    }
}
