import CascadeCore
import CascadeHost
import CascadeTransport
import Foundation
import Logging
import Testing

@testable import CascadeKeys

/// Keys on disk: what is written, what is read back, and what is refused.
@Suite struct KeysFolderTests {
    private func withFolder(_ body: (KeysFolder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "cascade-keys-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(KeysFolder(path + "/keys"))
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func keysAreMadeListedAndRevoked() throws {
        try withFolder { folder in
            #expect(try folder.list().isEmpty)
            #expect(try !folder.hasKeys())
            for role in KeyRole.allCases {
                let file = try folder.make("a-\(role.rawValue)", role: role)
                #expect(file == folder.file(of: "a-\(role.rawValue)") && mode(file) == 0o600)
                let key = try KeyFile(path: file)
                #expect(key.role == role && key.name == "a-\(role.rawValue)")
                #expect(try KeyFile(text: key.text) == key)
                #expect(try ConnectionKey(path: file).role == role)
            }
            #expect(mode(folder.path) == 0o700)
            #expect(mode(folder.path + "/allowed.keys") == 0o600 && mode(folder.path + "/coordinator.key") == 0o600)
            #expect(try folder.hasKeys())
            let coordinator = try KeyFile(path: folder.path + "/coordinator.key")
            let list = try folder.list()
            #expect(list.map(\.role) == KeyRole.allCases)
            for entry in list {
                let key = try KeyFile(path: folder.file(of: entry.name))
                #expect(key.pair.publicKey == entry.key && key.coordinator == coordinator.pair.publicKey)
            }
            #expect(try folder.revoke("a-client").role == .client)
            #expect(try folder.list().map(\.name) == ["a-drafter", "a-expert", "a-gateway", "a-admin"])
            #expect(!FileManager.default.fileExists(atPath: folder.file(of: "a-client")))
            // The name is free again, the key is another one.
            _ = try folder.make("a-client", role: .client)
            #expect(try folder.list().last?.key != list[2].key)
        }
    }

    @Test func namesAreCheckedAndNotGivenTwice() throws {
        try withFolder { folder in
            for name in ["", "../x", "a b", ".x", "-x", "ä", "coordinator", String(repeating: "x", count: 65)] {
                #expect(throws: KeyError.self, "\(name)") { try folder.make(name, role: .client) }
            }
            _ = try folder.make("Anna_2.b-c", role: .client)
            let error = #expect(throws: KeyError.self) { try folder.make("Anna_2.b-c", role: .admin) }
            #expect("\(try #require(error))".contains("there is a key Anna_2.b-c already"))
            let missing = #expect(throws: KeyError.self) { try folder.revoke("nobody") }
            #expect("\(try #require(missing))".contains("Anna_2.b-c"))
        }
    }

    /// A key that cannot be allowed is not made.
    @Test func nothingIsLeftOfAKeyThatCannotBeAllowed() throws {
        try withFolder { folder in
            try PrivateFile.makeFolder(folder.path)
            // Where the new list is written first there is a folder.
            let draft = "\(folder.path)/allowed.keys.\(getpid()).new"
            for files in [[], ["allowed.keys", "anna.key", "coordinator.key"]] {
                #expect(mkdir(draft, 0o700) == 0)
                let error = #expect(throws: KeyError.self) { try folder.make("berta", role: .client) }
                #expect("\(try #require(error))".contains("cannot write \(folder.path)/allowed.keys"))
                #expect(rmdir(draft) == 0)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == files)
                if files.isEmpty { _ = try folder.make("anna", role: .client) }
            }
        }
    }

    @Test func whatOthersCanReadIsRefused() throws {
        try withFolder { folder in
            let file = try folder.make("anna", role: .client)
            for mode: mode_t in [0o644, 0o640, 0o602] {
                chmod(file, mode)
                let error = #expect(throws: KeyError.self) { try KeyFile(path: file) }
                #expect("\(try #require(error))".contains("chmod 600 \(file)"))
            }
            chmod(file, 0o400)
            #expect(throws: Never.self) { try KeyFile(path: file) }
            chmod(folder.path, 0o755)
            let error = #expect(throws: KeyError.self) { try folder.make("berta", role: .client) }
            #expect("\(try #require(error))".contains("chmod 700 \(folder.path)"))
            #expect(throws: KeyError.self) { try folder.list() }
            chmod(folder.path, 0o700)
        }
    }

    /// A folder that cannot be looked into is no empty one.
    @Test func whatCannotBeSeenIsNotMissing() throws {
        try withFolder { folder in
            try FileAccess.makeFolder(URL(filePath: folder.path).deletingLastPathComponent().path)
            #expect(symlink("keys", folder.path) == 0)
            for look in [{ _ = try folder.list() }, { _ = try folder.hasKeys() }] as [() throws -> Void] {
                let error = #expect(throws: KeyError.self) { try look() }
                #expect("\(try #require(error))".contains("cannot look at \(folder.path)/"))
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aStrangersKeyNeedsAnotherOwner() throws {
        try withFolder { folder in
            let file = try folder.make("anna", role: .client)
            #expect(chown(file, 12_345, gid_t.max) == 0)
            let error = "\(try #require(#expect(throws: KeyError.self) { try KeyFile(path: file) }))"
            #expect(error.contains("another user's (12345)") && error.contains("chown 0 \(file)"))
            #expect(!error.contains("chmod"))
        }
    }

    @Test func brokenKeyFilesAreNamed() throws {
        try withFolder { folder in
            let file = try folder.make("anna", role: .client)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let other = try KeyPair.make()
            let secret = try #require(text.split(separator: "\n").first { $0.hasPrefix("secret ") })
            let broken = [
                ("", "name"), (text + "colour blue\n", "is not one of"),
                (text + "name anna\n", "more than one line 'name"),
                (text.replacing("role client", with: "role king"), "king"),
                (text.replacing(secret, with: "secret x"), "secret key is not"),
                (text.replacing(secret, with: "secret \(other.secretText)"), "not that of the secret key"),
            ]
            for (text, words) in broken {
                let error = #expect(throws: KeyError.self) { try KeyFile(text: text) }
                #expect("\(try #require(error))".contains(words), "\(words)")
            }
            // A file that holds nothing but a secret, as other programs write them, is not shown to anybody.
            let naked = #expect(throws: KeyError.self) { try KeyFile(text: other.secretText) }
            #expect(!"\(try #require(naked))".contains(other.secretText))
            let error = #expect(throws: KeyError.self) { try ConnectionKey(path: folder.path + "/coordinator.key") }
            #expect("\(try #require(error))".contains("key of a coordinator"))
            #expect(throws: KeyError.self) { try KeyFile(path: folder.path) }
            #expect(throws: KeyError.self) { try KeyFile(path: "/dev/null") }
        }
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }

    private func allowList(_ folder: KeysFolder) throws -> AllowList {
        try folder.coordinatorKeys(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }).allowList
    }

    @Test func theListIsFollowedAndABrokenOneIsNot() throws {
        try withFolder { folder in
            _ = try folder.make("anna", role: .client)
            let list = try allowList(folder)
            let anna = try folder.list()[0]
            #expect(list.entry(of: anna.key) == anna && list.count == 1)

            _ = try folder.make("berta", role: .expert)
            let berta = try folder.list()[1]
            #expect(eventually { list.entry(of: berta.key) == berta })
            #expect(list.generation == 1)
            let path = folder.path + "/allowed.keys"
            let good = try String(contentsOfFile: path, encoding: .utf8)
            for broken in [good + "nonsense\n", good + good, good.replacing("client", with: "king")] {
                try PrivateFile.write(broken, to: path)
                usleep(700_000)
                #expect(list.allows(anna.key) && list.allows(berta.key) && list.generation == 1)
            }
            unlink(path)
            usleep(700_000)
            #expect(list.allows(anna.key) && list.generation == 1)
            try PrivateFile.write(good, to: path)
            _ = try folder.revoke("anna")
            #expect(eventually { !list.allows(anna.key) })
            #expect(list.allows(berta.key) && list.generation == 2)
        }
    }

    /// A list without a key is a list: nobody is on it. Whoever empties the file means just that.
    @Test(arguments: ["", "\n", "# nobody\n"])
    func anEmptiedListShutsEverybodyOut(_ text: String) throws {
        try withFolder { folder in
            _ = try folder.make("anna", role: .client)
            _ = try folder.make("berta", role: .admin)
            let list = try allowList(folder)
            let keys = try folder.list().map(\.key)
            #expect(keys.count == 2 && keys.allSatisfy { list.allows($0) })
            let path = folder.path + "/allowed.keys"
            let good = try String(contentsOfFile: path, encoding: .utf8)
            try PrivateFile.write(text, to: path)
            #expect(eventually { !list.allows(keys[0]) })
            #expect(keys.allSatisfy { !list.allows($0) && list.entry(of: $0) == nil })
            #expect(list.count == 0 && list.generation == 1)
            // And it is no dead end.
            try PrivateFile.write(good, to: path)
            #expect(eventually { list.allows(keys[0]) })
            #expect(list.count == 2 && list.generation == 2)
        }
    }

    @Test func theLastKeyThatIsRevokedLeavesNobody() throws {
        try withFolder { folder in
            _ = try folder.make("anna", role: .client)
            let list = try allowList(folder)
            let key = try folder.revoke("anna").key
            #expect(eventually { !list.allows(key) })
            #expect(list.count == 0 && list.generation == 1)
        }
    }

    @Test func linesOfTheListAreChecked() throws {
        let key = try KeyPair.make().publicKey
        let good = "# a comment\n\n\(key) client anna\n"
        #expect(try AllowedKey.parse(good) == [AllowedKey(key: key, role: .client, name: "anna")])
        #expect(try AllowedKey.parse(AllowedKey.text(of: AllowedKey.parse(good))) == AllowedKey.parse(good))
        for line in ["x client b", "\(key) client b", "\(key) client", "\(key) client b c", "\(key) king b"] {
            let error = #expect(throws: KeyError.self) { try AllowedKey.parse(good + line) }
            #expect("\(try #require(error))".contains("line 4"), "\(line)")
        }
    }
}

/// Whose jobs a key's are, in the list and in the folder.
@Suite struct KeyOwnerTests {
    private func withFolder(_ body: (KeysFolder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "cascade-owners-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(KeysFolder(path))
    }

    private static func limits(_ jobs: Int?, weight: Int = 1) -> OwnerLimits {
        var limits = OwnerLimits()
        (limits.maxJobs, limits.weight) = (jobs, weight)
        return limits
    }

    @Test func linesWithOwnersAreRead() throws {
        let keys = try (0..<4).map { _ in try KeyPair.make().publicKey }
        let good = """
            \(keys[0]) client anna
            \(keys[1]) client web owner=team-b weight=3 max-jobs=50 max-tokens-per-minute=9000
            \(keys[2]) revoked old owner=team-b weight=3 max-jobs=50 max-tokens-per-minute=9000
            \(keys[3]) expert team-b

            """
        let list = try AllowedKey.parse(good)
        #expect(list.map(\.owner) == ["anna", "team-b", "team-b", "team-b"])
        #expect(list[0].limits == OwnerLimits() && list[1].limits.weight == 3 && list[1].limits.maxJobs == 50)
        #expect(list[1].limits.maxTokensPerMinute == 9_000 && list[1].limits.maxNumSeqs == nil)
        // A key that was revoked has jobs, a node's has none, and its name is no owner's.
        #expect(list.map(\.role) == [.client, .client, nil, .expert])
        #expect(list.map(\.mayOwnJobs) == [true, true, true, false])
        #expect(try AllowedKey.parse(AllowedKey.text(of: list)) == list)
        let broken = [
            ("weight=0", "weight must be"), ("weight=x", "weight must be"), ("max-jobs=", "max-jobs must be"),
            ("max-jobs=99999999999999999999", "max-jobs must be"), ("owner=", "cannot be the name of an owner"),
            ("owner=a/b", "cannot be the name of an owner"), ("colour=blue", "is not one of owner=…"),
            ("owner=team-b", "different limits"),
        ]
        let other = try KeyPair.make().publicKey
        for (words, reason) in broken {
            let error = #expect(throws: KeyError.self) { try AllowedKey.parse(good + "\(other) client x \(words)") }
            let text = "\(try #require(error))"
            #expect(text.contains("line 5") && text.contains(reason), "\(text)")
        }
    }

    @Test func keysOfAnOwnerHaveItsLimits() throws {
        try withFolder { folder in
            _ = try folder.make("gpu", role: .expert)
            _ = try folder.make("web", role: .client, owner: "team", limits: Self.limits(50, weight: 2))
            _ = try folder.make("cron", role: .client, owner: "team")
            #expect(try folder.list().last?.limits == Self.limits(50, weight: 2))
            #expect(throws: KeyError.self) {
                try folder.make("x", role: .client, owner: "team", limits: Self.limits(9))
            }
            // Whoever does not say so joins nobody.
            let error = #expect(throws: KeyError.self) { try folder.make("team", role: .client) }
            #expect("\(try #require(error))".contains("--owner team"))
            // A node's key has no owner, and a client may have its name.
            _ = try folder.make("laptop", role: .client, owner: "gpu", limits: Self.limits(1))
            #expect(throws: KeyError.self) { try folder.make("y", role: .drafter, owner: "team") }
        }
    }

    @Test func aKeyThatIsRevokedWithoutItsJobsIsRemembered() throws {
        try withFolder { folder in
            _ = try folder.make("anna", role: .client)
            _ = try folder.make("berta", role: .client)
            let keys = try folder.list().map(\.key)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            _ = try folder.revoke("anna", keepsJobs: true)
            let list = try folder.coordinatorKeys(logger: logger).allowList
            #expect(!list.allows(keys[0]) && list.entry(of: keys[0]) == nil && list.count == 1)
            #expect(Set(list.principals.map(\.owner.key)) == Set(keys.map(\.text)))
            #expect(!FileManager.default.fileExists(atPath: folder.file(of: "anna")))
            _ = try folder.revoke("anna")
            let later = try folder.coordinatorKeys(logger: logger).allowList
            #expect(later.principals.map(\.owner.key) == [keys[1].text])
            _ = try folder.revoke("berta", keepsJobs: true)
            #expect(try !folder.hasKeys(), "nobody may connect")
        }
    }
}
