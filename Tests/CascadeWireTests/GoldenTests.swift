import CascadeCore
import Foundation
import Testing

@testable import CascadeWire

/// The committed bytes of one message of each kind, and of what fields came later: whoever changes the format sees it
/// here.
///
/// With `CASCADE_WRITE_GOLDEN=1` the files are written anew: only for a change of the format that is meant.
struct GoldenTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/wire/v1")

    @Test("the bytes are what they were, and mean what they meant", arguments: MessageKind.allCases)
    func golden(kind: MessageKind) throws { try check(Samples.message(kind), "\(kind.name).hex") }

    @Test("so are those of fields that came later", arguments: LaterSamples.allCases)
    func later(sample: LaterSamples) throws { try check(sample.message, "later/\(sample.rawValue).hex") }

    private func check(_ message: Message, _ name: String) throws {
        let file = Self.folder.appending(path: name)
        let frames = WireCodec.encode(message)
        if ProcessInfo.processInfo.environment["CASCADE_WRITE_GOLDEN"] != nil {
            let folder = file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try (frames.map(Hex.text).joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { try Hex.bytes($0) }
        #expect(try WireCodec.decode(golden) == message)
        #expect(frames == golden)
    }
}
