/// The words of a progress display.
enum ProgressText {
    /// Characters between the brackets of the bar.
    static let barWidth = 20
    /// The longest time left that is shown, a hundred hours: a server may announce any length.
    static let secondsLeftMax = 359_999.0

    /// One line for a terminal: name, bar, percent, bytes, speed and the time left.
    static func bar(name: String, done: Int, total: Int?, bytesPerSecond: Double?) -> String {
        guard let total, total > 0 else {
            return "\(name)  " + amounts(done, total, bytesPerSecond)
        }
        let filled = min(barWidth, barWidth * done / total)
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: barWidth - filled)
        return "\(name) [\(bar)] " + amounts(done, total, bytesPerSecond)
    }

    /// One line for a log: the same without a bar, with the source.
    static func line(name: String, source: String, done: Int, total: Int?, bytesPerSecond: Double?) -> String {
        "\(name) from \(source): " + amounts(done, total, bytesPerSecond)
    }

    private static func amounts(_ done: Int, _ total: Int?, _ bytesPerSecond: Double?) -> String {
        var words: [String] = []
        if let total, total > 0 {
            words.append("\(min(100, 100 * done / total))%")
            words.append("\(ByteText.size(done)) of \(ByteText.size(total))")
        } else {
            words.append(ByteText.size(done))
        }
        if let bytesPerSecond {
            words.append("\(ByteText.size(Int(bytesPerSecond)))/s")
            // Slower than a byte a second is standing still, and has no end to predict.
            if let total, done < total, bytesPerSecond >= 1 {
                let left = min(Double(total - done) / bytesPerSecond, secondsLeftMax)
                words.append("\(ByteText.duration(seconds: Int(left))) left")
            }
        }
        return words.joined(separator: "  ")
    }
}
