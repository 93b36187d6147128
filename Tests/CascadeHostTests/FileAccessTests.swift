import Foundation
import Testing

@testable import CascadeHost

/// Files are read and written whole, and errors say path and cause in words.
struct FileAccessTests {
    /// Runs `body` with a folder that is gone afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)").path
        try FileAccess.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func whatIsWrittenIsRead() throws {
        try withFolder { folder in
            let file = "\(folder)/a"
            for text in ["first", "", "second, and longer"] {
                try FileAccess.write(Array(text.utf8), to: file)
                #expect(try FileAccess.read(file) == Array(text.utf8))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func aDeviceStaysOneAndItsErrorIsSaid() throws {
        let error = #expect(throws: SystemError.self) { try FileAccess.write([1], to: "/dev/full") }
        #expect(error?.code == ENOSPC)
        #expect(error?.description.hasPrefix("cannot write to /dev/full: No space left on device; ") == true)
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func aLinkStaysOne() throws {
        try withFolder { folder in
            try FileAccess.write([1], to: "\(folder)/a")
            symlink("\(folder)/a", "\(folder)/b")
            try FileAccess.write([2], to: "\(folder)/b")
            #expect(try FileAccess.read("\(folder)/a") == [2])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/b") == "\(folder)/a")
        }
    }

    @Test(arguments: ["", "folder/"]) func aLinkToNothingStaysOne(_ place: String) throws {
        try withFolder { folder in
            try FileAccess.makeFolder("\(folder)/folder")
            // Relative links are relative to where they lie.
            symlink("a", "\(folder)/\(place)b")
            symlink("\(place)b", "\(folder)/c")
            try FileAccess.write([1], to: "\(folder)/c")
            #expect(try FileAccess.read("\(folder)/\(place)a") == [1])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(place)b") == "a")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/c") == "\(place)b")
        }
    }

    @Test func aRingOfLinksIsAnError() throws {
        try withFolder { folder in
            symlink("b", "\(folder)/a")
            symlink("a", "\(folder)/b")
            #expect(throws: SystemError.self) { try FileAccess.write([1], to: "\(folder)/a") }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names) == ["a", "b"])
        }
    }

    @Test(arguments: [0o600, 0o640, 0o666, 0o755] as [mode_t]) func aFileKeepsItsMode(_ mode: mode_t) throws {
        try withFolder { folder in
            let file = "\(folder)/a"
            try FileAccess.write([1], to: file)
            chmod(file, mode)
            try FileAccess.write([2], to: file)
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == mode)
            #expect(try FileAccess.read(file) == [2])
        }
    }

    private static let needsRoot: Comment = "only root can give a file to any group: run the tests as root"

    /// Whoever could not read the file before cannot read it now, whatever group the writer is in.
    @Test(.enabled(if: geteuid() == 0, needsRoot))
    func aFileKeepsItsGroup() throws {
        try withFolder { folder in
            let file = "\(folder)/a"
            try FileAccess.write([1], to: file)
            chown(file, uid_t.max, 12_345)
            chmod(file, 0o640)
            try FileAccess.write([2], to: file)
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_gid == 12_345 && status.st_mode & 0o777 == 0o640)
        }
    }

    /// Without the group its bits are gone, and all others have no more than it had: its members are among them.
    @Test(
        .enabled(if: geteuid() == 0, needsRoot),
        arguments: [(0o640, 0o600), (0o664, 0o604), (0o604, 0o600), (0o644, 0o604)] as [(mode_t, mode_t)]
    )
    func aGroupThatCannotBeHadLosesItsRights(_ before: mode_t, _ after: mode_t) throws {
        // Of this thread alone, so that no other test has another user; the system's headers hide it from Swift.
        let symbol = try #require(dlsym(nil, "setfsuid"))
        let setFileUser = unsafeBitCast(symbol, to: (@convention(c) (uid_t) -> Int32).self)
        try withFolder { folder in
            let file = "\(folder)/a"
            try FileAccess.write([1], to: file)
            chown(folder, 54_321, gid_t.max)
            chown(file, 54_321, 12_345)
            chmod(file, before)
            _ = setFileUser(54_321)
            defer { _ = setFileUser(0) }
            try FileAccess.write([2], to: file)
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_gid != 12_345 && status.st_mode & 0o777 == after)
        }
    }

    @Test func nothingIsLeftOfWhatCannotBeWritten() throws {
        try withFolder { folder in
            try FileAccess.makeFolder("\(folder)/a")
            #expect(throws: SystemError.self) { try FileAccess.write([1], to: "\(folder)/a") }
            #expect(throws: SystemError.self) { try FileAccess.write([1], to: "\(folder)/none/a") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func moreThanTheLimitIsRefusedWhileItIsRead() {
        // Endless: a reader that wanted all of it would not return.
        let error = #expect(throws: SystemError.self) { try FileAccess.read("/dev/zero", limit: 1 << 20) }
        #expect(error?.code == EFBIG)
    }

    @Test(arguments: ["/nowhere/a", "/", "/dev/null/a", ""])
    func whatCannotBeReadIsNamed(path: String) {
        let error = #expect(throws: SystemError.self) { try FileAccess.read(path) }
        #expect(error?.description.hasPrefix("cannot read \(path): ") == true)
        #expect(error?.description.contains("NSCocoa") == false)
    }

    @Test func foldersAreMadeWithWhatLeadsToThem() throws {
        try withFolder { folder in
            try FileAccess.makeFolder("\(folder)/a/b//c/", mode: 0o700)
            #expect(FileAccess.isFolder("\(folder)/a/b/c"))
            try FileAccess.makeFolder("\(folder)/a/b/c")
            try FileAccess.write([], to: "\(folder)/file")
            #expect(throws: SystemError.self) { try FileAccess.makeFolder("\(folder)/file") }
            #expect(throws: SystemError.self) { try FileAccess.makeFolder("\(folder)/file/below") }
        }
        #expect(throws: SystemError.self) { try FileAccess.makeFolder("/proc/cascade") }
    }

    /// What cannot be seen is not taken for what is not there.
    @Test func whatIsThereIsKnownOrAnError() throws {
        try withFolder { folder in
            #expect(try FileAccess.isThere(folder))
            try FileAccess.write([], to: "\(folder)/file")
            for missing in ["a", "a/b", "file/b"] { #expect(try !FileAccess.isThere("\(folder)/\(missing)")) }
            #expect(symlink("ring", "\(folder)/ring") == 0)
            #expect(throws: SystemError("look at", "\(folder)/ring/a", code: ELOOP)) {
                try FileAccess.isThere("\(folder)/ring/a")
            }
        }
        for code in [ENOENT, ENOTDIR] { #expect(SystemError.meansNothingThere(code)) }
        for code in [EACCES, EPERM, ELOOP, EIO] { #expect(!SystemError.meansNothingThere(code)) }
    }

    @Test(.enabled(if: geteuid() == 0, "only root gets into the folders of others: run the tests as root"))
    func rootIsTheOnlyStranger() throws {
        try withFolder { folder in
            #expect(FileAccess.strangerAbove("\(folder)/a/b") == nil)
            #expect(chown(folder, 12_345, gid_t.max) == 0)
            #expect(FileAccess.strangerAbove("\(folder)/a/b") == 12_345)
            try FileAccess.makeFolder("\(folder)/a/b")
            #expect(FileAccess.strangerAbove("\(folder)/a/b") == nil)
            // One of root's in between is no stranger's.
            #expect(FileAccess.strangerAbove("\(folder)/a/c") == nil)
        }
    }

    @Test func errorsOfFoundationAreToldByTheirCause() {
        func words(_ body: () throws -> Void) -> String {
            do { try body() } catch { return SystemError.words(error) }
            return ""
        }
        #expect(words { _ = try Data(contentsOf: URL(filePath: "/nowhere/a")) } == "No such file or directory")
        #expect(words { _ = try Data(contentsOf: URL(filePath: "/")) } == "Is a directory")
        #expect(words { try Data().write(to: URL(filePath: "/proc/a")) } == "No such file or directory")
        #expect(words { _ = try JSONDecoder().decode([Int].self, from: Data("{}".utf8)) } == "expected an array")
        #expect(
            words { _ = try JSONDecoder().decode([[String: Int]].self, from: Data(#"[{"a": "b"}]"#.utf8)) }
                == "expected a number at [0].a"
        )
        #expect(words { throw SystemError("read", "/x", code: EACCES) }.hasPrefix("cannot read /x: Permission denied"))
    }
}
