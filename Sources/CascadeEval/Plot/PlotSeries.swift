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
