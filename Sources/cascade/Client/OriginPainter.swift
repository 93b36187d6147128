internal import CascadeCore
internal import CascadeNode
internal import Foundation

/// Colours an answer's text by where each token came from, as it streams in.
///
/// Text and tokens do not come in step: text is held back where it could become a stop string. A character belongs to
/// the token that its first byte is of.
struct OriginPainter {
    /// Where each token's text ends, in bytes from the answer's start, and what it is.
    private var pieces: [(end: Int, origin: Origin)] = []
    private var painted = 0
    private var current: Origin?
    private let isColoured: Bool

    /// On a terminal, unless `NO_COLOR` is set; elsewhere with `CLICOLOR_FORCE` only.
    init(isColoured: Bool = Self.standardOutputTakesColours) {
        self.isColoured = isColoured
    }

    /// Learns of the next tokens.
    mutating func add(_ tokens: [ExplainedToken]) {
        for one in tokens {
            pieces.append(((pieces.last?.end ?? 0) + Int(one.explanation.textBytes), one.origin))
        }
    }

    /// The next text, with colours; `shown` makes of text of one origin what is shown of it.
    mutating func paint(_ text: [UInt8], _ shown: ([UInt8]) -> [UInt8] = { $0 }) -> [UInt8] {
        guard isColoured else { return shown(text) }
        var (result, run): ([UInt8], [UInt8]) = ([], [])
        for byte in text {
            // Not within a character.
            if byte & 0xC0 != 0x80, let origin = origin(at: painted), origin != current {
                current = origin
                result += shown(run) + Array(Self.escape(origin).utf8)
                run = []
            }
            run.append(byte)
            painted += 1
        }
        return result + shown(run)
    }

    /// What ends the colours.
    var end: [UInt8] { current == nil ? [] : Array(Self.reset.utf8) }

    private mutating func origin(at byte: Int) -> Origin? {
        pieces.first { $0.end > byte }?.origin
    }

    /// What the colours mean, with numbers.
    static func legend(_ counts: SpeculationCounts, isColoured: Bool = Output.errorTakesColours) -> String {
        let parts: [(Origin, String)] = [
            (.matched, "matched \(counts.matched): drafted, and accepted by the acceptance test"),
            (.kept, "kept \(counts.kept): drafted, and kept by the rule"),
            (.expert, "expert \(counts.recovered + counts.bonus): written by the expert"),
        ]
        return parts.map { origin, text in isColoured ? escape(origin) + text + reset : text }
            .joined(separator: " · ")
    }

    private static var standardOutputTakesColours: Bool { Output.takesColours(STDOUT_FILENO) }
    private static let reset = "\u{1B}[0m"

    private static func escape(_ origin: Origin) -> String {
        switch origin {
        case .matched: "\u{1B}[0;32m"
        case .kept: "\u{1B}[0;33m"
        case .expert: "\u{1B}[0;1;36m"
        }
    }
}
