import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeEval

struct AxisScaleTests {
    @Test(arguments: [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (40, 70, ["40", "45", "50", "55", "60", "65", "70"]),
        (3.4, 9.8, ["3", "4", "5", "6", "7", "8", "9", "10"]),
        (-10, 10, ["-10", "-5", "0", "5", "10"]),
        (0, 1e9, ["0.0e+00", "2.0e+08", "4.0e+08", "6.0e+08", "8.0e+08", "1.0e+09"]),
    ])
    func ticksAreRound(low: Double, high: Double, texts: [String]) {
        let scale = AxisScale(values: [low, high], hasZero: false, start: 0, end: 100)
        let found = scale.ticks.map(scale.text)
        #expect(Set(found).isSubset(of: texts), "\(found)")
        #expect(found.count >= 4)
    }

    @Test func ticksAreFewAndInside() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let size = pow(10, Double.random(in: -6...8, using: &random))
            let values = (0..<3).map { _ in Double.random(in: -1...1, using: &random) * size }
            let scale = AxisScale(values: values, hasZero: Bool.random(using: &random), start: 500, end: 20)
            let ticks = scale.ticks
            #expect((3...11).contains(ticks.count))
            #expect(Set(ticks.map(scale.text)).count == ticks.count)
            for place in (values + ticks).map(scale.position) { #expect(place <= 500.001 && place >= 19.999) }
        }
    }

    @Test func aSingleValueHasAnAxis() {
        for value in [0.0, 5, -3, 1e-9] {
            let scale = AxisScale(values: [value], hasZero: false, start: 0, end: 100)
            #expect(agree(scale.position(value), 50, 1e-6))
        }
    }

    @Test func zeroIsAnEnd() {
        let scale = AxisScale(values: [2, 8], hasZero: true, start: 0, end: 100)
        #expect(scale.low == 0 && scale.ticks.first == 0)
    }
}

struct LabelPlacerTests {
    private static let frame = PlotRectangle(left: 0, top: 0, right: 600, bottom: 400)

    /// Twenty labels around random points, a few of them close: none touches another, a mark or the frame.
    @Test(arguments: 1...20)
    func labelsDoNotCollide(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let labels = (0..<20).map { _ in
            LabelPlacer.Label(
                x: .random(in: 10...590, using: &random),
                y: .random(in: 10...390, using: &random),
                width: 40,
                height: 12
            )
        }
        let marks = labels.map { PlotRectangle(left: $0.x - 5, top: $0.y - 5, right: $0.x + 5, bottom: $0.y + 5) }
        let places = LabelPlacer(frame: Self.frame, marks: marks, lines: []).places(labels)
        #expect(places.count == labels.count)
        for (index, place) in places.enumerated() {
            #expect(Self.frame.contains(place))
            #expect(marks.allSatisfy { place.overlap($0) < 1 })
            for other in places[..<index] { #expect(place.overlap(other) < 1) }
        }
    }

    @Test func lengthsInsideARectangle() {
        let rectangle = PlotRectangle(left: 0, top: 0, right: 10, bottom: 10)
        func length(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Double {
            rectangle.length(of: PlotSegment(x1: x1, y1: y1, x2: x2, y2: y2))
        }
        #expect(length(-5, 5, 15, 5) == 10)
        #expect(length(2, 2, 5, 6) == 5)
        #expect(agree(length(5, -20, 5, 5), 5))
        #expect(length(-5, 11, 15, 11) == 0)
        #expect(agree(length(-1, -1, 11, 11), 200.0.squareRoot()))
        #expect(length(20, 0, 0, 20) == 0 || agree(length(20, 0, 0, 20), 0))
    }
}
