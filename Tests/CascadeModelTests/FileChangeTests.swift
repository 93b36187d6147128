import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// Files that somebody writes to: an error in words while they are read, and nothing at all afterwards.
@Suite struct FileChangeTests {
    private func withCopy(_ body: (URL) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "change-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: file) }
        try FileManager.default.copyItem(at: URL(filePath: Fixtures.modelPath("tiny-llama.Q4_1")), to: file)
        // Long ago: a change that follows has another time, however coarse the file system's clock is.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)],
            ofItemAtPath: file.path
        )
        try body(file)
    }

    private func overwrite(_ url: URL, from start: Int) throws {
        let handle = try FileHandle(forUpdating: url)
        let end = try handle.seekToEnd()
        try handle.seek(toOffset: UInt64(start))
        try handle.write(contentsOf: Data(repeating: 0x55, count: Int(end) - start))
        try handle.close()
    }

    /// Logits after every token of the vocabulary, fed one behind the other.
    private func logits(_ model: Model) throws -> [UInt32] {
        let engine = try Engine(model: model, options: EngineOptions(threads: 2, contextTokens: 512, maximumLogits: 1))
        let tokens = (0..<512).map { Token($0) }
        try engine.forward([Segment(cache: engine.makeCache(), tokens: tokens, logits: 1)])
        return engine.logits(segment: 0, row: 0).map(\.bitPattern)
    }

    private func refusal(_ file: GGUFFile) -> GGUFError? {
        do throws(ModelError) {
            _ = try Model.load(file)
            return nil
        } catch {
            guard case .file(let error) = error else { return nil }
            return error
        }
    }

    @Test func aLoadedModelNeedsItsFileNoMore() throws {
        try withCopy { url in
            let expected = try logits(Model.load(path: Fixtures.modelPath("tiny-llama.Q4_1")))
            let file = try GGUFFile(path: url.path)
            let model = try Model.load(file)
            try overwrite(url, from: 0)
            #expect(try logits(model) == expected)
            #expect(truncate(url.path, 100) == 0)
            #expect(try logits(model) == expected)
            file.close()
            try FileManager.default.removeItem(at: url)
            #expect(try logits(model) == expected)
        }
    }

    @Test(arguments: [100, 40_000, 1_000_000])
    func aFileThatIsCutShortBeforeItIsLoaded(length: Int) throws {
        try withCopy { url in
            let file = try GGUFFile(path: url.path)
            #expect(truncate(url.path, off_t(length)) == 0)
            let error = refusal(file)
            #expect(error?.code == .changed)
            #expect(error?.description.contains("while it is read") == true)
            #expect(error?.path == url.path)
            #expect(throws: GGUFError.self) { try file.fingerprint() }
        }
    }

    @Test func aFileThatIsOverwrittenBeforeItIsLoaded() throws {
        try withCopy { url in
            let file = try GGUFFile(path: url.path)
            // A finite weight more or less: nothing but the file's time tells.
            try overwrite(url, from: file.byteCount - 1)
            #expect(refusal(file)?.code == .changed)
            #expect(throws: GGUFError.self) { try file.fingerprint() }
        }
    }

    /// The way to put another file in place: who has the old one open goes on with it.
    @Test func aFileThatIsReplacedIsReadToItsEnd() throws {
        try withCopy { url in
            let file = try GGUFFile(path: url.path)
            let other = url.appendingPathExtension("new")
            try FileManager.default.copyItem(at: URL(filePath: Fixtures.modelPath("tiny-llama.Q8_0")), to: other)
            #expect(rename(other.path, url.path) == 0)
            let expected = try logits(Model.load(path: Fixtures.modelPath("tiny-llama.Q4_1")))
            #expect(try logits(Model.load(file)) == expected)
        }
    }

    @Test func aClosedFileIsAnError() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q4_1"))
        file.close()
        file.close()
        #expect(refusal(file)?.code == .unreadable)
        #expect(try file.string("general.architecture") == "llama")
    }
}
