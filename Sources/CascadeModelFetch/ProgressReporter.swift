internal import CascadeHost
internal import Foundation
internal import Synchronization

/// Shows the events of one fetch to a person: a bar that is drawn over on a terminal, else a line every few seconds.
package final class ProgressReporter: Sendable {
    /// Seconds between two states of the bar on a terminal.
    static let terminalSeconds = 0.1
    /// Seconds between two lines where there is no terminal.
    static let lineSeconds = 5.0

    private struct State {
        var source = ""
        var rate = TransferRate()
        var shownAt = -Double.infinity
        /// The line of the terminal that is to be drawn over.
        var lineIsOpen = false
    }

    private let name: String
    private let isTerminal: Bool
    private let now: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - name: what the fetched model is called.
    ///   - isTerminal: whether lines can be drawn over; asks standard error if nil.
    ///   - now: seconds of a clock that never goes back.
    ///   - write: takes the text; standard error if nil.
    package init(
        _ name: String,
        isTerminal: Bool? = nil,
        now: (@Sendable () -> Double)? = nil,
        write: (@Sendable (String) -> Void)? = nil
    ) {
        self.name = Printable.line(name)
        self.isTerminal = isTerminal ?? (isatty(STDERR_FILENO) == 1)
        self.now = now ?? { ProcessInfo.processInfo.systemUptime }
        self.write =
            write ?? { text in
                _ = try? FileAccess.write(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
            }
    }

    /// Shows `event`. Fits `ModelFetcher.fetch(_:progress:)`.
    package func handle(_ event: FetchEvent) {
        state.withLock { state in
            switch event {
            case .source(let source):
                state.source = source
                state.rate = TransferRate()
                state.shownAt = -.infinity
            case .progress(let done, let total):
                show(done, total, &state)
            case .checking:
                line("\(name): checking sha256", &state)
            case .notice(let text):
                line("\(name): \(Printable.line(text))", &state)
            }
        }
    }

    /// Ends the line that is being drawn over, so that what follows has its own.
    package func finish() {
        state.withLock { state in
            if state.lineIsOpen { write("\n") }
            state.lineIsOpen = false
        }
    }

    private func line(_ text: String, _ state: inout State) {
        write("\(state.lineIsOpen ? "\n" : "")\(text)\n")
        state.lineIsOpen = false
    }

    private func show(_ done: Int, _ total: Int?, _ state: inout State) {
        let seconds = now()
        let complete = done == total
        let due = seconds - state.shownAt >= (isTerminal ? Self.terminalSeconds : Self.lineSeconds)
        guard due || complete else { return }
        state.shownAt = seconds
        state.rate.note(bytes: done, at: seconds)
        let rate = state.rate.bytesPerSecond
        if isTerminal {
            let text = ProgressText.bar(name: name, done: done, total: total, bytesPerSecond: rate)
            write("\r\(text)\u{1B}[K")
            state.lineIsOpen = true
        } else {
            write(
                ProgressText.line(name: name, source: state.source, done: done, total: total, bytesPerSecond: rate)
                    + "\n"
            )
        }
    }
}
