/// A picture of points with error bars, such as quality against latency.
package struct ScatterPlot: Sendable, Equatable {
    /// What the picture shows, in a line.
    package let title: String
    package let xAxis: PlotAxis
    package let yAxis: PlotAxis
    /// What is drawn, in the legend's order.
    package let series: [PlotSeries]
    /// The picture's size, in pixels.
    package let width: Int
    package let height: Int

    /// Creates a plot.
    package init(
        title: String,
        xAxis: PlotAxis,
        yAxis: PlotAxis,
        series: [PlotSeries],
        width: Int = 900,
        height: Int = 600
    ) {
        precondition(width >= 300 && height >= 200, "a plot needs room for its axes")
        self.title = title
        self.xAxis = xAxis
        self.yAxis = yAxis
        self.series = series
        self.width = width
        self.height = height
    }

    /// The picture as the text of an SVG file; the same for the same plot.
    package func svg() -> String {
        var drawing = ScatterPlotDrawing(self)
        return drawing.svg()
    }
}
