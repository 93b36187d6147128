package import Foundation

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
