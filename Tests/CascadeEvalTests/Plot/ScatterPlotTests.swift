import Foundation
import Testing

@testable import CascadeEval

struct ScatterPlotTests {
    /// About what the benchmark draws: curves of knobs, and single points, some close together.
    static func example() -> ScatterPlot {
        func point(_ x: Double, _ y: Double, _ label: String) -> PlotPoint {
            PlotPoint(
                x: x,
                y: y,
                xInterval: ConfidenceInterval(low: x * 0.96, high: x * 1.05),
                yInterval: ConfidenceInterval(low: y - 7, high: y + 6.5),
                label: label
            )
        }
        return ScatterPlot(
            title: "HumanEval: quality against latency, Qwen2.5-Coder 1.5B <- 0.5B",
            xAxis: PlotAxis(label: "Mean latency of an answer", unit: "s"),
            yAxis: PlotAxis(label: "pass@1", unit: "%"),
            series: [
                PlotSeries(name: "expert alone", points: [point(9.8, 68, "expert")]),
                PlotSeries(name: "drafter alone", points: [point(3.4, 51, "drafter")]),
                PlotSeries(name: "lossless speculative", points: [point(6.1, 68, "lossless")]),
                PlotSeries(
                    name: "lossy",
                    points: [
                        point(5.9, 67.5, "0.1"), point(5.5, 66, "0.3"), point(5.0, 63, "0.5"), point(4.4, 58, "0.8"),
                    ],
                    isJoined: true
                ),
                PlotSeries(
                    name: "deferral by confidence",
                    points: [
                        point(5.8, 68.5, "0.1"), point(5.3, 67, "0.3"), point(4.9, 65, "0.5"), point(4.2, 60, "0.8"),
                    ],
                    isJoined: true
                ),
                PlotSeries(
                    name: "token-level cascade, OPT",
                    points: [point(5.6, 68.9, "a=0.1"), point(5.1, 67.7, "a=0.3"), point(4.7, 66, "a=0.5")],
                    isJoined: true
                ),
                PlotSeries(name: "ensemble", points: [point(6.4, 66, "w=0.5"), point(6.2, 63, "w=0.7")]),
            ]
        )
    }

    @Test func isWellFormed() throws {
        let svg = Self.example().svg()
        #expect(svg == Self.example().svg())
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(!svg.contains("<script") && !svg.contains("href") && !svg.contains("url("))
        #expect(svg.contains("1.5B &lt;- 0.5B"))
        #expect(svg.contains(">Mean latency of an answer (s)<") && svg.contains(">pass@1 (%)<"))
        #expect(svg.components(separatedBy: "<circle").count - 1 == 2)
    }

    /// Python's XML parser accepts what is written, whatever the texts are.
    @Test func isXML() async throws {
        let nasty = "a<b>&\"'\u{0}\u{8}\u{FFFF}\t]]> é😀"
        let plot = ScatterPlot(
            title: nasty,
            xAxis: PlotAxis(label: nasty, unit: nasty),
            yAxis: PlotAxis(label: nasty),
            series: [PlotSeries(name: nasty, points: [PlotPoint(x: 1, y: 2, label: nasty)])]
        )
        let bytes = Array(plot.svg().utf8)
        let program = """
            import xml.etree.ElementTree as tree
            root = tree.fromstring(bytes(\(bytes)))
            texts = [node.text for node in root.iter() if node.text and "a<b>" in node.text]
            assert len(texts) == 6, texts
            """
        #expect(try await Isolations.runner(unsafe: Isolations.kinds[0]).run(program) == .passed)
    }

    @Test func survivesOddNumbers() {
        let plot = ScatterPlot(
            title: "",
            xAxis: PlotAxis(label: "x"),
            yAxis: PlotAxis(label: "y", hasZero: true),
            series: [
                PlotSeries(name: "", points: []),
                PlotSeries(
                    name: "s",
                    points: [
                        PlotPoint(x: .nan, y: 1), PlotPoint(x: 1, y: .infinity),
                        PlotPoint(x: 3, y: 0, yInterval: ConfidenceInterval(low: -.infinity, high: .infinity)),
                    ],
                    isJoined: true
                ),
            ]
        )
        #expect(plot.series[1].points.count == 1)
        #expect(!plot.svg().contains("nan") && !plot.svg().contains("inf"))
        let empty = ScatterPlot(title: "", xAxis: PlotAxis(label: ""), yAxis: PlotAxis(label: ""), series: [])
        #expect(!empty.svg().contains("nan"))
    }

    @Test func stylesDiffer() {
        let styles = (0..<49).map { PlotStyle(index: $0) }
        for first in styles.indices {
            for second in 0..<first { #expect(styles[first] != styles[second]) }
        }
    }

    @Test func becomesAPNG() async throws {
        let converter = PNGConverter()
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (svg, png) = (folder.appending(path: "plot.svg"), folder.appending(path: "plot.png"))
        try Data(Self.example().svg().utf8).write(to: svg)
        let isWritten = try await converter.convert(svg: svg, png: png)
        #expect(isWritten == converter.isAvailable)
        if isWritten { #expect(try Data(contentsOf: png).starts(with: [0x89, 0x50, 0x4E, 0x47])) }
        if let kept = ProcessInfo.processInfo.environment["CASCADE_PLOT_DIR"] {
            try Data(contentsOf: svg).write(to: URL(filePath: kept).appending(path: "plot.svg"))
        }
        #expect(try await PNGConverter(environment: ["PATH": "/nowhere"]).convert(svg: svg, png: png) == false)
        #expect(try await converter.convert(svg: folder.appending(path: "none"), png: png) == false)
    }
}
