internal import Foundation

/// Where commands print: results to standard output, everything else to standard error.
enum Output {
    /// Writes bytes to standard output at once; answers stream through here. False when nobody reads any more.
    @discardableResult
    static func write(_ bytes: some Collection<UInt8>) -> Bool {
        writeAll(Array(bytes), to: STDOUT_FILENO)
    }

    /// Prints an error in the form `cascade: …`.
    static func error(_ message: String, prefix: Bool = true) {
        writeAll(Array(((prefix ? "cascade: " : "") + message + "\n").utf8), to: STDERR_FILENO)
    }

    /// Prints a line for people to standard error.
    static func note(_ message: String) {
        writeAll(Array((message + "\n").utf8), to: STDERR_FILENO)
    }

    /// Draws over the present line of the terminal that standard error is.
    static func draw(_ text: String) {
        writeAll(Array("\r\(text)\u{1B}[K".utf8), to: STDERR_FILENO)
    }

    /// Prints a value as indented JSON with sorted keys in snake case.
    static func json(_ value: some Encodable) throws {
        write(try jsonBytes(value))
    }

    /// What ``json(_:)`` prints, the line's end included.
    static func jsonBytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// Whether standard error shows colours.
    static var errorTakesColours: Bool { takesColours(STDERR_FILENO) }

    /// Whether a descriptor shows colours: a terminal does unless `NO_COLOR` is set, others with `CLICOLOR_FORCE` only.
    static func takesColours(_ descriptor: Int32) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        if environment["NO_COLOR"]?.isEmpty == false { return false }
        if let force = environment["CLICOLOR_FORCE"], !force.isEmpty, force != "0" { return true }
        return isatty(descriptor) == 1
    }

    /// Whether standard error is a terminal, so that progress may redraw its line.
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    @discardableResult
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                // The range is within the buffer: written < bytes.count.
                write64(descriptor, buffer, from: written)
            }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return false
            }
            written += count
        }
        return true
    }

    private static func write64(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer, from start: Int) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        return Foundation.write(descriptor, rest.baseAddress, rest.count)
    }
}
