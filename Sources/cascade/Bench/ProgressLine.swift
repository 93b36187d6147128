/// A line on standard error that is drawn over while something long runs; nothing where nobody looks.
final class ProgressLine {
    private let label: String
    private var shown = -1

    /// Nothing is drawn before the first ``show(_:)``.
    init(_ label: String) {
        self.label = label
    }

    /// Draws the share of the work that is done, from 0 to 1, in whole percents.
    func show(_ share: Double) {
        let percent = Int(share * 100)
        guard Output.errorIsTerminal, percent != shown else { return }
        shown = percent
        Output.draw("\(label): \(percent) %")
    }

    /// Takes the line away.
    func finish() {
        if shown >= 0 { Output.draw("") }
    }
}
