import Glibc
import Testing

@testable import CascadeTransport

/// An ipc socket's folder is its lock.
@Suite struct IPCFolderTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        // Short: a socket's path has 107 bytes at most.
        let folder = "/tmp/cascade-ipc-\(UInt32.random(in: 0...UInt32.max))"
        try #require(mkdir(folder, 0o700) == 0)
        defer { rmdir(folder) }
        try await body(folder)
    }

    @Test func aMissingFolderIsMadeForUsAlone() async throws {
        try await withFolder { folder in
            let inner = folder + "/run"
            let router = try Probe().start(.router(bind: "ipc://\(inner)/socket"))
            var status = stat()
            #expect(stat(inner, &status) == 0 && status.st_mode & 0o777 == 0o700)
            router.stop("done")
            await router.waitUntilStopped()
            unlink(inner + "/socket")
            rmdir(inner)
        }
    }

    @Test(arguments: [0o755, 0o710, 0o1777] as [mode_t])
    func anOpenFolderIsRefused(_ mode: mode_t) async throws {
        try await withFolder { folder in
            chmod(folder, mode)
            let error = #expect(throws: TransportError.self) {
                try Probe().start(.router(bind: "ipc://\(folder)/socket"))
            }
            #expect("\(try #require(error))".contains("other users can enter its folder \(folder)"))
            #expect(access(folder + "/socket", F_OK) != 0)
            chmod(folder, 0o700)
            let router = try Probe().start(.router(bind: "ipc://\(folder)/socket"))
            router.stop("done")
            await router.waitUntilStopped()
            unlink(folder + "/socket")
        }
    }
}
