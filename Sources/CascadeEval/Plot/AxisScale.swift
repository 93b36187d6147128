internal import Foundation

/// The numbers of an axis and where they lie in the picture.
struct AxisScale: Sendable, Equatable {
    /// The share of the values' range that is left free at either end.
    private static let margin = 0.06
    /// About how many ticks an axis gets.
    private static let tickCount = 6.0

    /// The numbers at the axis's ends.
    let low: Double
    let high: Double
    /// The pixels of the axis's ends: `end` may be the smaller one.
    let start: Double
    let end: Double
    /// The distance between ticks.
    let step: Double

    /// Creates a scale that shows all of `values`, which must be finite.
    init(values: [Double], hasZero: Bool, start: Double, end: Double) {
        let values = values + (hasZero ? [0] : [])
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        // A single value gets an axis around it.
        let range = most > least ? most - least : max(abs(most) * 0.2, 1e-6)
        let free = most > least ? range * Self.margin : range / 2
        // Nothing lies beyond a zero that is shown for its own sake.
        low = hasZero && least == 0 && most > 0 ? 0 : least - free
        high = hasZero && most == 0 && least < 0 ? 0 : most + free
        self.start = start
        self.end = end
        step = Self.niceStep((high - low) / Self.tickCount)
    }

    /// Where `value` lies, in pixels.
    func position(_ value: Double) -> Double {
        start + (value - low) / (high - low) * (end - start)
    }

    /// The multiples of the step on the axis.
    var ticks: [Double] {
        let (first, last) = ((low / step - 1e-9).rounded(.up), (high / step + 1e-9).rounded(.down))
        guard last >= first, last - first < 100 else { return [] }
        // Adding 0 turns a negative zero into zero.
        return (0...Int(last - first)).map { (first + Double($0)) * step + 0 }
    }

    /// A tick's number with as many digits as the step needs.
    func text(_ tick: Double) -> String {
        let exponent = Int(log10(step).rounded(.down))
        let largest = max(abs(low), abs(high))
        // Long strings of zeros cannot be read.
        guard exponent >= -5, largest < 1e7 else {
            let digits = max(0, Int(log10(largest).rounded(.down)) - exponent)
            return String(format: "%.\(min(digits, 12))e", tick)
        }
        // 2.5 needs one digit more than its power of ten.
        let needsHalf = abs(step / pow(10, Double(exponent)) - 2.5) < 0.01
        return String(format: "%.\(max(0, -exponent + (needsHalf ? 1 : 0)))f", tick)
    }

    /// The number among 1, 2, 2.5, 5 and 10 times a power of ten that is nearest to `rough` as a ratio.
    ///
    /// Source: after P. Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
    static func niceStep(_ rough: Double) -> Double {
        let power = pow(10, log10(rough).rounded(.down))
        let choices = [1.0, 2, 2.5, 5, 10].map { $0 * power }
        return choices.min { abs(log($0 / rough)) < abs(log($1 / rough)) } ?? power
    }
}
