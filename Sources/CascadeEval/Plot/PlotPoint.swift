/// A point with its uncertainty.
package struct PlotPoint: Sendable, Equatable {
    /// The place, in the axes' units.
    package let x: Double
    package let y: Double
    /// The ranges drawn as error bars; nil, or not finite, for none.
    package let xInterval: ConfidenceInterval?
    package let yInterval: ConfidenceInterval?
    /// A few characters beside the point; empty for none.
    package let label: String

    /// Creates a point. Points that are not finite are not drawn.
    package init(
        x: Double,
        y: Double,
        xInterval: ConfidenceInterval? = nil,
        yInterval: ConfidenceInterval? = nil,
        label: String = ""
    ) {
        self.x = x
        self.y = y
        self.xInterval = Self.finite(xInterval)
        self.yInterval = Self.finite(yInterval)
        self.label = label
    }

    var isFinite: Bool { x.isFinite && y.isFinite }

    private static func finite(_ interval: ConfidenceInterval?) -> ConfidenceInterval? {
        interval.flatMap { $0.low.isFinite && $0.high.isFinite ? $0 : nil }
    }
}
