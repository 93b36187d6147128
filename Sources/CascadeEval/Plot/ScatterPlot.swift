/// The making of a ``ScatterPlot``'s picture.
struct ScatterPlotDrawing {
    private static let labelSize = 12.0
    private static let textSize = 13.0
    private static let titleSize = 17.0
    private static let markSize = 5.5
    private static let capSize = 4.0
    private static let legendRow = 22.0
    private static let legendNameMax = 30
    private static let gridColour = "#e4e4e4"
    private static let axisColour = "#666666"
    /// Labels farther than this from their point are tied to it by a line, in pixels.
    private static let tieDistance = 18.0

    private let plot: ScatterPlot
    private let frame: PlotRectangle
    private let x: AxisScale
    private let y: AxisScale
    private var canvas: SVGCanvas

    init(_ plot: ScatterPlot) {
        self.plot = plot
        let names = plot.series.map { SVGCanvas.width(Self.cut($0.name), size: Self.textSize) }
        let legendWidth = names.max().map { min($0 + 40, Double(plot.width) / 3) } ?? 0
        frame = PlotRectangle(
            left: 76,
            top: 48,
            right: Double(plot.width) - legendWidth - 20,
            bottom: Double(plot.height) - 62
        )
        let points = plot.series.flatMap(\.points)
        x = AxisScale(
            values: points.flatMap { [$0.x, $0.xInterval?.low ?? $0.x, $0.xInterval?.high ?? $0.x] },
            hasZero: plot.xAxis.hasZero,
            start: frame.left,
            end: frame.right
        )
        y = AxisScale(
            values: points.flatMap { [$0.y, $0.yInterval?.low ?? $0.y, $0.yInterval?.high ?? $0.y] },
            hasZero: plot.yAxis.hasZero,
            start: frame.bottom,
            end: frame.top
        )
        canvas = SVGCanvas(width: plot.width, height: plot.height)
    }

    mutating func svg() -> String {
        canvas.rectangle(
            PlotRectangle(left: 0, top: 0, right: Double(plot.width), bottom: Double(plot.height)),
            fill: "#ffffff"
        )
        canvas.text(
            plot.title,
            x: Double(plot.width) / 2,
            y: 28,
            size: Self.titleSize,
            anchor: .middle,
            isBold: true
        )
        drawAxes()
        for (index, series) in plot.series.enumerated() {
            let style = PlotStyle(index: index)
            for line in errorBars(series, hasCaps: true) {
                canvas.line(line, stroke: style.colour, width: 1.2, opacity: 0.55)
            }
            for line in joins(series) { canvas.line(line, stroke: style.colour, width: 1.6, opacity: 0.8) }
        }
        for (index, series) in plot.series.enumerated() {
            for point in series.points {
                canvas.mark(
                    PlotStyle(index: index),
                    x: x.position(point.x),
                    y: y.position(point.y),
                    size: Self.markSize
                )
            }
        }
        drawLabels()
        drawLegend()
        return canvas.document(title: plot.title)
    }

    private mutating func drawAxes() {
        for tick in x.ticks {
            let place = x.position(tick)
            canvas.line(
                PlotSegment(x1: place, y1: frame.top, x2: place, y2: frame.bottom),
                stroke: Self.gridColour,
                width: 1
            )
            canvas.text(x.text(tick), x: place, y: frame.bottom + 19, size: Self.labelSize, anchor: .middle)
        }
        for tick in y.ticks {
            let place = y.position(tick)
            canvas.line(
                PlotSegment(x1: frame.left, y1: place, x2: frame.right, y2: place),
                stroke: Self.gridColour,
                width: 1
            )
            canvas.text(y.text(tick), x: frame.left - 8, y: place + 4, size: Self.labelSize, anchor: .end)
        }
        canvas.rectangle(frame, fill: "none", stroke: Self.axisColour)
        canvas.text(
            plot.xAxis.text,
            x: (frame.left + frame.right) / 2,
            y: frame.bottom + 44,
            size: Self.textSize + 1,
            anchor: .middle
        )
        canvas.text(
            plot.yAxis.text,
            x: 22,
            y: (frame.top + frame.bottom) / 2,
            size: Self.textSize + 1,
            anchor: .middle,
            isVertical: true
        )
    }

    private mutating func drawLabels() {
        let all = plot.series.flatMap(\.points)
        let marks = all.map { point in
            let (left, top) = (x.position(point.x) - Self.markSize, y.position(point.y) - Self.markSize)
            return PlotRectangle(
                left: left,
                top: top,
                right: left + 2 * Self.markSize,
                bottom: top + 2 * Self.markSize
            )
        }
        let placer = LabelPlacer(
            frame: frame,
            marks: marks,
            lines: plot.series.flatMap { errorBars($0, hasCaps: false) + joins($0) }
        )
        let labelled = plot.series.enumerated().flatMap { index, series in
            series.points.filter { !$0.label.isEmpty }.map { (point: $0, style: PlotStyle(index: index)) }
        }
        let labels = labelled.map { item in
            LabelPlacer.Label(
                x: x.position(item.point.x),
                y: y.position(item.point.y),
                width: SVGCanvas.width(item.point.label, size: Self.labelSize),
                height: Self.labelSize
            )
        }
        let places = placer.places(labels)
        // Ties lie below all labels.
        for (index, place) in places.enumerated() {
            drawTie(labels[index], place, colour: labelled[index].style.colour)
        }
        for (index, place) in places.enumerated() {
            canvas.text(
                labelled[index].point.label,
                x: (place.left + place.right) / 2,
                y: place.bottom - 2,
                size: Self.labelSize,
                anchor: .middle,
                fill: labelled[index].style.textColour,
                hasHalo: true
            )
        }
    }

    private mutating func drawTie(_ label: LabelPlacer.Label, _ place: PlotRectangle, colour: String) {
        let nearX = min(max(label.x, place.left), place.right)
        let nearY = min(max(label.y, place.top), place.bottom)
        let (dx, dy) = (nearX - label.x, nearY - label.y)
        guard dx * dx + dy * dy > Self.tieDistance * Self.tieDistance else { return }
        canvas.line(
            PlotSegment(x1: label.x, y1: label.y, x2: nearX, y2: nearY),
            stroke: colour,
            width: 0.8,
            opacity: 0.6
        )
    }

    private mutating func drawLegend() {
        for (index, series) in plot.series.enumerated() {
            let row = frame.top + 12 + Double(index) * Self.legendRow
            let style = PlotStyle(index: index)
            if series.isJoined {
                canvas.line(
                    PlotSegment(x1: frame.right + 10, y1: row, x2: frame.right + 34, y2: row),
                    stroke: style.colour,
                    width: 1.6,
                    opacity: 0.8
                )
            }
            canvas.mark(style, x: frame.right + 22, y: row, size: Self.markSize)
            canvas.text(Self.cut(series.name), x: frame.right + 40, y: row + 4.5, size: Self.textSize)
        }
    }

    private func errorBars(_ series: PlotSeries, hasCaps: Bool) -> [PlotSegment] {
        series.points.flatMap { point in
            let (centreX, centreY) = (x.position(point.x), y.position(point.y))
            var lines: [PlotSegment] = []
            if let interval = point.xInterval {
                let (low, high) = (x.position(interval.low), x.position(interval.high))
                lines.append(PlotSegment(x1: low, y1: centreY, x2: high, y2: centreY))
                for end in hasCaps ? [low, high] : [] {
                    lines.append(
                        PlotSegment(x1: end, y1: centreY - Self.capSize, x2: end, y2: centreY + Self.capSize)
                    )
                }
            }
            if let interval = point.yInterval {
                let (low, high) = (y.position(interval.low), y.position(interval.high))
                lines.append(PlotSegment(x1: centreX, y1: low, x2: centreX, y2: high))
                for end in hasCaps ? [low, high] : [] {
                    lines.append(
                        PlotSegment(x1: centreX - Self.capSize, y1: end, x2: centreX + Self.capSize, y2: end)
                    )
                }
            }
            return lines
        }
    }

    private func joins(_ series: PlotSeries) -> [PlotSegment] {
        guard series.isJoined else { return [] }
        return zip(series.points, series.points.dropFirst()).map { from, to in
            PlotSegment(
                x1: x.position(from.x),
                y1: y.position(from.y),
                x2: x.position(to.x),
                y2: y.position(to.y)
            )
        }
    }

    private static func cut(_ name: String) -> String {
        name.count <= legendNameMax ? name : name.prefix(legendNameMax - 1) + "…"
    }
}

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
