internal import CascadeClient
internal import CascadeCore
internal import CascadeHost

/// The line on standard error that says how far a prompt is read; nothing where nobody looks. It goes when the answer
/// begins, and with the command.
final class ReadingLine {
    private var isShown = false

    deinit { finish() }

    /// Draws how far it is.
    func show(_ pace: ReadingPace) {
        guard Output.errorIsTerminal else { return }
        isShown = true
        Output.draw(Self.text(pace))
    }

    /// Takes the line away.
    func finish() {
        if isShown { Output.draw("") }
        isShown = false
    }

    /// For example `reading the prompt: 1,234 of 6,029 tokens, 98 tokens/s, about 49 s left`.
    static func text(_ pace: ReadingPace) -> String {
        var parts = ["\(grouped(pace.prompt.tokensRead)) of \(grouped(pace.prompt.tokens)) tokens"]
        if let rate = pace.tokensPerSecond, let seconds = pace.secondsLeft {
            parts += ["\(decimalText(rate, rate < 10 ? 1 : 0)) tokens/s", "about \(decimalText(seconds, 0)) s left"]
        }
        return "reading the prompt: " + parts.joined(separator: ", ")
    }

    /// With a comma behind the thousands.
    private static func grouped(_ number: UInt32) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
