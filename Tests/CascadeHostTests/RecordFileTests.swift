import Dispatch
import Foundation
import Testing

@testable import CascadeHost

/// A record counts by who could have written it, and writing one touches nothing else.
struct RecordFileTests {
    /// Runs `body` with a file in a folder of its own and where its record goes.
    private func withFile(_ body: (_ file: String, _ place: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "record-\(UUID().uuidString)").path
        try FileAccess.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileAccess.write([0], to: "\(folder)/a")
        try body("\(folder)/a", "\(folder)/a.record")
    }

    private func read(_ place: String, _ file: String) -> [UInt8]? {
        RecordFile.read(place, beside: file, limit: 16)?.bytes
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : 0
    }

    @Test func whatIsWrittenIsRead() throws {
        try withFile { file, place in
            #expect(read(place, file) == nil)
            for bytes in [[1], [2, 3]] as [[UInt8]] {
                RecordFile.write(bytes, to: place)
                #expect(read(place, file) == bytes)
            }
            #expect(mode(place) & 0o022 == 0)
            let folder = URL(filePath: file).deletingLastPathComponent().path
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names) == ["a", "a.record"])
        }
    }

    @Test(arguments: [0o664, 0o646] as [mode_t]) func whatOthersCanWriteDoesNotCount(_ mode: mode_t) throws {
        try withFile { file, place in
            RecordFile.write([1], to: place)
            chmod(place, mode)
            #expect(read(place, file) == nil)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aStrangersDoesNotCount() throws {
        try withFile { file, place in
            RecordFile.write([1], to: place)
            chown(place, 12_345, gid_t.max)
            #expect(read(place, file) == nil)
            // Who owns the file could as well have written another one.
            chown(file, 12_345, gid_t.max)
            #expect(read(place, file) == [1])
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoFileOrTooLongDoesNotCount() throws {
        try withFile { file, place in
            RecordFile.write([UInt8](repeating: 1, count: 17), to: place)
            #expect(read(place, file) == nil)
            unlink(place)
            #expect(mkfifo(place, 0o600) == 0 && read(place, file) == nil)
            unlink(place)
            RecordFile.write([1], to: "\(place).other")
            #expect(symlink("\(place).other", place) == 0 && read(place, file) == nil)
            unlink(place)
            try FileAccess.makeFolder("\(place)/x")
            RecordFile.write([1], to: place)
            #expect(read(place, file) == nil)
        }
    }

    /// Somebody puts a link to another file in the record's place, again and again while it is written.
    @Test(.timeLimit(.minutes(1))) func aLinkInItsPlaceIsNotFollowed() throws {
        try withFile { file, place in
            let victim = "\(file).victim"
            try FileAccess.write([9], to: victim)
            chmod(victim, 0o666)
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) {
                for _ in 0..<20_000 {
                    symlink(victim, "\(place).link")
                    rename("\(place).link", place)
                }
            }
            while group.wait(timeout: .now()) == .timedOut { RecordFile.write([1], to: place) }
            RecordFile.write([1], to: place)
            #expect(mode(victim) & 0o777 == 0o666)
            #expect(try FileAccess.read(victim) == [9])
            #expect(mode(place) & S_IFMT == S_IFREG && read(place, file) == [1])
        }
    }
}
