/// A straight line in the picture, in pixels.
struct PlotSegment: Sendable, Equatable {
    var x1: Double
    var y1: Double
    var x2: Double
    var y2: Double
}
