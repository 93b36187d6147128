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

/// Points that belong together: one colour and shape, one line of the legend.
package struct PlotSeries: Sendable, Equatable {
    /// What the legend calls it.
    package let name: String
    /// The points that can be drawn, in the order in which a line joins them.
    package let points: [PlotPoint]
    /// Whether a line joins the points.
    package let isJoined: Bool

    /// Creates a series.
    package init(name: String, points: [PlotPoint], isJoined: Bool = false) {
        self.name = name
        self.points = points.filter(\.isFinite)
        self.isJoined = isJoined
    }
}

/// What an axis shows.
package struct PlotAxis: Sendable, Equatable {
    /// The quantity, such as `Mean latency`.
    package let label: String
    /// The unit of its numbers, such as `s`; nil for pure numbers.
    package let unit: String?
    /// Whether 0 must be on the axis, so that lengths can be compared.
    package let hasZero: Bool

    /// Creates an axis.
    package init(label: String, unit: String? = nil, hasZero: Bool = false) {
        self.label = label
        self.unit = unit
        self.hasZero = hasZero
    }

    /// What stands beside the axis.
    var text: String { unit.map { "\(label) (\($0))" } ?? label }
}

/// The look of a series: colour and shape differ both, so that either is enough to tell series apart.
struct PlotStyle: Sendable, Equatable {
    /// The form of a point's mark.
    enum Shape: CaseIterable, Sendable {
        case circle
        case square
        case triangle
        case diamond
        case cross
        case invertedTriangle
        case plus
    }

    /// Colours that people with any colour vision tell apart on white: M. Okabe and K. Ito, "Color universal design"
    /// (2008), without its yellow, which is too light for a white ground.
    static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

    /// The same colours with every channel at 62 %: as text the light ones lack contrast (WCAG 2.1 asks for 4.5 : 1).
    static let textColours = ["#00476E", "#843A00", "#006247", "#7E4B68", "#8F6300", "#357090", "#000000"]

    /// The colour of marks and lines, in SVG's notation.
    let colour: String
    /// The colour of texts.
    let textColour: String
    let shape: Shape

    /// The look of the series with number `index`; 49 different ones.
    init(index: Int) {
        let (round, place) = index.quotientAndRemainder(dividingBy: Self.colours.count)
        colour = Self.colours[place]
        textColour = Self.textColours[place]
        shape = Shape.allCases[(place + round) % Shape.allCases.count]
    }
}
