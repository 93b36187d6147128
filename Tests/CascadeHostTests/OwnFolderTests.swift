import Foundation
import Testing

@testable import CascadeHost

/// A folder in a place of everybody's is used where it is this user's alone, and what others put there does no harm.
struct OwnFolderTests {
    /// Runs `body` with the path of a folder that is not there yet.
    private func withPlace(_ body: (_ path: String) throws -> Void) throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "own-\(UUID().uuidString)").path
        try FileAccess.makeFolder(parent)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        try body("\(parent)/own")
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// Why a folder may not be used; nil where it may.
    private func fault(_ path: String) -> String? {
        do {
            try OwnFolder(path).check()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsWrittenIsReadAndRemoved() throws {
        try withPlace { path in
            let folder = OwnFolder(path)
            #expect(folder.names().isEmpty && folder.read("a") == nil)
            for bytes in [[1], [2, 3]] as [[UInt8]] {
                folder.write(bytes, to: "a")
                #expect(folder.read("a") == bytes)
            }
            #expect(folder.names() == ["a"])
            #expect(mode(path) == 0o700 && mode("\(path)/a") == 0o600)
            folder.remove("a")
            #expect(folder.names().isEmpty)
        }
    }

    @Test func aFolderOfOnesOwnIsClosedToOthers() throws {
        try withPlace { path in
            #expect(mkdir(path, 0o700) == 0 && chmod(path, 0o777) == 0)
            #expect(fault(path) == nil)
            #expect(mode(path) == 0o700)
        }
    }

    /// What somebody put into the folder while it was open: links are not written through, a FIFO holds nobody up.
    @Test(.timeLimit(.minutes(1))) func whatOthersPutThereIsNotTouched() throws {
        try withPlace { path in
            let victim = "\(path).victim"
            try FileAccess.write([9], to: victim)
            let folder = OwnFolder(path)
            try folder.check()
            for name in ["a", "a.new"] { #expect(symlink(victim, "\(path)/\(name)") == 0) }
            for name in ["b", "b.new"] { #expect(mkfifo("\(path)/\(name)", 0o600) == 0) }
            #expect(folder.read("a") == nil && folder.read("b") == nil)
            for name in ["a", "b"] {
                folder.write([1], to: name)
                #expect(folder.read(name) == [1])
            }
            #expect(try FileAccess.read(victim) == [9])
        }
    }

    @Test func aLinkToAFolderIsNone() throws {
        try withPlace { path in
            try FileAccess.makeFolder("\(path).other", mode: 0o700)
            #expect(symlink("\(path).other", path) == 0)
            #expect(fault(path)?.contains("\(path) cannot be used: it is no folder; remove it") == true)
            let folder = OwnFolder(path)
            folder.write([1], to: "a")
            #expect(folder.read("a") == nil && OwnFolder("\(path).other").names().isEmpty)
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can give a folder to another user: run the tests as root"),
        arguments: [0o700, 0o755, 0o777] as [mode_t]
    ) func aStrangersFolderIsNotUsed(_ mode: mode_t) throws {
        try withPlace { path in
            #expect(mkdir(path, 0o700) == 0)
            RecordFile.write([7], to: "\(path)/a")
            #expect(chmod(path, mode) == 0 && chown(path, 12_345, gid_t.max) == 0)
            #expect(fault(path)?.contains("it is another user's (12345)") == true)
            let folder = OwnFolder(path)
            folder.write([1], to: "b")
            folder.remove("a")
            #expect(folder.names().isEmpty && folder.read("a") == nil)
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(names == ["a"])
            #expect(self.mode(path) == mode)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aStrangersFileDoesNotCount() throws {
        try withPlace { path in
            let folder = OwnFolder(path)
            folder.write([1], to: "a")
            #expect(chown("\(path)/a", 12_345, gid_t.max) == 0)
            #expect(folder.read("a") == nil)
        }
    }

    // MARK: Single files

    @Test func aFileIsMadeForOneUser() throws {
        try withPlace { path in
            close(try OwnFile.open(path))
            #expect(mode(path) == 0o600)
            close(try OwnFile.open(path))
            chmod(path, 0o644)
            let error = #expect(throws: OwnPlaceError.self) { try OwnFile.open(path) }
            #expect("\(try #require(error))".contains("it is open to others (mode 0644)"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoFileIsNotOpened() throws {
        try withPlace { path in
            try FileAccess.write([9], to: "\(path).victim", mode: 0o600)
            #expect(symlink("\(path).victim", path) == 0)
            #expect(throws: OwnPlaceError.self) { try OwnFile.open(path) }
            unlink(path)
            #expect(mkfifo(path, 0o600) == 0)
            #expect(throws: OwnPlaceError.self) { try OwnFile.open(path) }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aStrangersFileIsNotOpened() throws {
        try withPlace { path in
            close(try OwnFile.open(path))
            #expect(chown(path, 12_345, gid_t.max) == 0)
            let error = #expect(throws: OwnPlaceError.self) { try OwnFile.open(path) }
            #expect("\(try #require(error))".contains("the file \(path) cannot be used: it is another user's (12345)"))
        }
    }
}
