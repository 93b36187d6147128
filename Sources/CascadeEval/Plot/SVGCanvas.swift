package import Foundation

/// Writes a picture as text in Scalable Vector Graphics (SVG 1.1), with nothing from outside the file.
struct SVGCanvas: Sendable {
    /// How a text lies about its place.
    enum Anchor: String {
        case start
        case middle
        case end
    }

    private let width: Int
    private let height: Int
    private var elements: [String] = []

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The whole picture; `title` is for those who cannot see it.
    func document(title: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
        role="img" font-family="Helvetica, Arial, sans-serif">
        <title>\(Self.escaped(title))</title>
        \(elements.joined(separator: "\n"))
        </svg>

        """
    }

    mutating func rectangle(_ rectangle: PlotRectangle, fill: String, stroke: String = "none") {
        elements.append(
            """
            <rect x="\(Self.number(rectangle.left))" y="\(Self.number(rectangle.top))" \
            width="\(Self.number(rectangle.width))" height="\(Self.number(rectangle.height))" \
            fill="\(fill)" stroke="\(stroke)"/>
            """
        )
    }

    mutating func line(_ segment: PlotSegment, stroke: String, width: Double, opacity: Double = 1) {
        elements.append(
            """
            <line x1="\(Self.number(segment.x1))" y1="\(Self.number(segment.y1))" x2="\(Self.number(segment.x2))" \
            y2="\(Self.number(segment.y2))" stroke="\(stroke)" stroke-width="\(Self.number(width))" \
            stroke-opacity="\(Self.number(opacity))"/>
            """
        )
    }

    mutating func text(
        _ text: String,
        x: Double,
        y: Double,
        size: Double,
        anchor: Anchor = .start,
        fill: String = "#222222",
        isBold: Bool = false,
        isVertical: Bool = false,
        hasHalo: Bool = false
    ) {
        var attributes = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\""
        attributes += " text-anchor=\"\(anchor.rawValue)\" fill=\"\(fill)\""
        if isBold { attributes += " font-weight=\"bold\"" }
        if isVertical { attributes += " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" }
        // A white edge keeps a label readable on a line that it cannot avoid.
        if hasHalo { attributes += " stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\"" }
        elements.append("<text \(attributes)>\(Self.escaped(text))</text>")
    }

    /// A point's mark with the radius `size`.
    mutating func mark(_ style: PlotStyle, x: Double, y: Double, size: Double) {
        let paint = "fill=\"\(style.colour)\" stroke=\"#ffffff\" stroke-width=\"1\""
        func polygon(_ corners: [(Double, Double)]) -> String {
            let points = corners.map { "\(Self.number(x + $0.0 * size)),\(Self.number(y + $0.1 * size))" }
            return "<polygon points=\"\(points.joined(separator: " "))\" \(paint)/>"
        }
        func strokes(_ path: String) -> String {
            "<path d=\"\(path)\" stroke=\"\(style.colour)\" stroke-width=\"3\" fill=\"none\"/>"
        }
        let (left, right, top, bottom) = (
            Self.number(x - size), Self.number(x + size), Self.number(y - size), Self.number(y + size)
        )
        switch style.shape {
        case .circle:
            elements.append(
                "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(size))\" \(paint)/>"
            )
        case .square: elements.append(polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]))
        case .triangle: elements.append(polygon([(0, -1.15), (1.1, 0.85), (-1.1, 0.85)]))
        case .invertedTriangle: elements.append(polygon([(0, 1.15), (1.1, -0.85), (-1.1, -0.85)]))
        case .diamond: elements.append(polygon([(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]))
        case .cross: elements.append(strokes("M\(left) \(top)L\(right) \(bottom)M\(left) \(bottom)L\(right) \(top)"))
        case .plus:
            let (middleX, middleY) = (Self.number(x), Self.number(y))
            elements.append(strokes("M\(left) \(middleY)L\(right) \(middleY)M\(middleX) \(top)L\(middleX) \(bottom)"))
        }
    }

    /// About how wide a text is, in pixels: fonts differ, so this errs to the wide side of Helvetica's average.
    static func width(_ text: String, size: Double) -> Double { Double(text.count) * size * 0.58 }

    /// A text as the content of an element or attribute. What XML 1.0 forbids (section 2.2) is left out.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n", "\r": escaped += " "
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": break
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A number with at most two digits behind the point.
    static func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }
}

/// Makes a PNG of an SVG file with `rsvg-convert` (Debian: librsvg2-bin), where that is installed.
package struct PNGConverter: Sendable {
    private static let secondsMax = 60.0

    private let tool: String?

    /// Looks for the tool on the `PATH` of `environment`.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        tool = Executable.find("rsvg-convert", environment: environment)
    }

    /// Whether pictures can be converted.
    package var isAvailable: Bool { tool != nil }

    /// Writes the picture `svg` to the PNG file `png`, at `scale` times its size.
    ///
    /// - Returns: whether the file was written: false without the tool, or if the tool fails.
    /// - Throws: `CancellationError`.
    package func convert(svg: URL, png: URL, scale: Double = 1) async throws -> Bool {
        guard let tool else { return false }
        let child = BoundedCommand(
            arguments: [tool, "--zoom", String(scale), "--output", png.path, svg.path],
            environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        )
        do {
            let exit = try await child.run(input: [], startSeconds: Self.secondsMax, wallSeconds: Self.secondsMax)
            // A picture that was cut off is none.
            if exit.status != 0 { unlink(png.path) }
            return exit.status == 0
        } catch is ExecutionError {
            return false
        }
    }
}
