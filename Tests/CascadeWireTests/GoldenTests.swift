import CascadeCore
import Foundation
import Testing

@testable import CascadeWire

/// The committed bytes of one message of each kind: whoever changes the format sees it here.
///
/// With `CASCADE_WRITE_GOLDEN=1` the files are written anew: only for a change of the format that is meant.
struct GoldenTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/wire/v1")

    @Test("the bytes are what they were, and mean what they meant", arguments: MessageKind.allCases)
    func golden(kind: MessageKind) throws {
        let file = Self.folder.appending(path: "\(kind.name).hex")
        let message = Samples.message(kind)
        let frames = WireCodec.encode(message)
        if ProcessInfo.processInfo.environment["CASCADE_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
            try (frames.map(Hex.text).joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { try Hex.bytes($0) }
        #expect(try WireCodec.decode(golden) == message)
        #expect(frames == golden)
    }
}
