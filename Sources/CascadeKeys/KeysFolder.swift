package import CascadeCore
internal import CascadeHost
package import CascadeTransport
internal import Foundation
package import Logging

/// The folder of a cluster's keys, mode 0700: `coordinator.key`, a `NAME.key` for each key that was made here, and
/// `allowed.keys`, the list that the coordinator follows.
package struct KeysFolder: Sendable {
    /// Where it is.
    package let path: String
    /// Whether it is the user's own, which nobody named.
    private let isUsual: Bool

    /// The folder at a path; nothing is looked at yet. Other commands, run elsewhere, are told the whole path.
    package init(_ path: String) {
        self.init(path, isUsual: false)
    }

    private init(_ path: String, isUsual: Bool) {
        self.path = URL(filePath: path, directoryHint: .notDirectory).path
        self.isUsual = isUsual
    }

    /// The folder that is named, or the user's own, `~/.config/cascade/keys`.
    ///
    /// - Throws: where none is named and no home folder is known.
    package init(named path: String?) throws(KeyError) {
        do {
            self.init(try path ?? Places().keys(), isUsual: path == nil)
        } catch {
            throw .failed("\(error); or name a folder with --keys")
        }
    }

    private var allowedPath: String { "\(path)/allowed.keys" }
    private var coordinatorPath: String { "\(path)/coordinator.key" }

    /// The file of a key.
    package func file(of name: String) -> String { "\(path)/\(name).key" }

    /// Whether a coordinator can be run with what is here: its own key, and others to take.
    package func hasKeys() throws(KeyError) -> Bool {
        guard try isThere(coordinatorPath) else { return false }
        return try list().contains { $0.role != nil }
    }

    /// The allowed keys, in the order they were made; none where there is no list yet.
    package func list() throws(KeyError) -> [AllowedKey] {
        guard try isThere(allowedPath) else { return [] }
        try PrivateFile.checkFolder(path)
        let text = try PrivateFile.read(allowedPath, limit: 1 << 20)
        do throws(KeyError) {
            return try AllowedKey.parse(text)
        } catch {
            throw .failed("\(allowedPath): \(error)")
        }
    }

    /// Makes a key, allows it, and returns its file; the coordinator's own key is made with the first one.
    ///
    /// - Parameters:
    ///   - owner: whose the jobs are that it submits; nil for the key's own.
    ///   - limits: what that owner may take of the cluster; nil for what its other keys say, and no limits where it
    ///     has none.
    package func make(
        _ name: String,
        role: KeyRole,
        owner: String? = nil,
        limits: OwnerLimits? = nil
    ) throws(KeyError) -> String {
        if let problem = KeyName.problem(name) ?? owner.flatMap(KeyName.ownerProblem) { throw .failed(problem) }
        if owner != nil || limits != nil, !role.mayOwnJobs {
            throw .failed("a key with role \(role.rawValue) submits no jobs: leave its owner and limits out")
        }
        try checkOwner()
        try PrivateFile.makeFolder(path)
        return try locked { () throws(KeyError) in
            var keys = try list()
            let file = file(of: name)
            // A file without an entry is what an interrupted run left.
            guard !keys.contains(where: { $0.name == name }) else {
                throw .failed(
                    "there is a key \(name) already; choose another name, or 'cascade keys revoke \(name)' first"
                )
            }
            let others = keys.filter { $0.mayOwnJobs && $0.owner == owner ?? name }
            if owner == nil, role.mayOwnJobs, !others.isEmpty {
                throw .failed(
                    "keys of the owner \(name) are there already (\(others.map(\.name).joined(separator: ", "))): "
                        + "say --owner \(name) if this key shall share its jobs, or choose another name"
                )
            }
            if let limits, let known = others.first?.limits, known != limits {
                let names = others.map(\.name).joined(separator: ", ")
                throw .failed(
                    "owner \(owner ?? name) has keys with other limits (\(names)); leave the limits out, or change "
                        + "those in \(allowedPath) first"
                )
            }
            let isFirst = try !isThere(coordinatorPath)
            do throws(KeyError) {
                let coordinator = try coordinatorPair(makeIfMissing: true)
                let pair = try newPair()
                let key = KeyFile(name: name, role: role, pair: pair, coordinator: coordinator.publicKey)
                // The list last: a key is allowed only once there is a file of it.
                try PrivateFile.write(key.text, to: file)
                keys.append(
                    AllowedKey(
                        key: pair.publicKey,
                        role: role,
                        name: name,
                        owner: owner,
                        limits: limits ?? others.first?.limits ?? OwnerLimits()
                    )
                )
                try PrivateFile.write(AllowedKey.text(of: keys), to: allowedPath)
            } catch {
                // A file that looks like a key and opens nothing would mislead.
                unlink(file)
                if isFirst { unlink(coordinatorPath) }
                throw error
            }
            return file
        }
    }

    /// Takes a key off the list and deletes its file here. With `keepsJobs` the list remembers it: its jobs run on.
    package func revoke(_ name: String, keepsJobs: Bool = false) throws(KeyError) -> AllowedKey {
        if let problem = KeyName.problem(name) { throw .failed(problem) }
        try PrivateFile.checkFolder(path)
        return try locked { () throws(KeyError) in
            var keys = try list()
            guard let index = keys.firstIndex(where: { $0.name == name }) else {
                let names = keys.map(\.name).joined(separator: ", ")
                throw .failed("there is no key \(name) in \(path); there are: \(names.isEmpty ? "none" : names)")
            }
            let key = keys[index]
            if keepsJobs {
                keys[index].role = nil
            } else {
                keys.remove(at: index)
            }
            try PrivateFile.write(AllowedKey.text(of: keys), to: allowedPath)
            unlink(file(of: name))
            return key
        }
    }

    /// What a coordinator needs to demand keys; throws where something is missing.
    package func coordinatorKeys(logger: Logger) throws(KeyError) -> CoordinatorKeys {
        guard try hasKeys() else {
            throw .failed(
                "there are no keys in \(path) yet; make one for each node and user, for example "
                    + "'cascade keys new expert-2 --role expert'"
            )
        }
        return CoordinatorKeys(
            pair: try coordinatorPair(makeIfMissing: false),
            allowList: try AllowList(path: allowedPath, logger: logger)
        )
    }

    private func isThere(_ file: String) throws(KeyError) -> Bool {
        do {
            return try FileAccess.isThere(file)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Root, with another user's home, would make a folder there that its user cannot enter.
    private func checkOwner() throws(KeyError) {
        guard isUsual, let owner = FileAccess.strangerAbove(path) else { return }
        throw .failed(
            "the folder \(path) would be root's in a folder of another user (\(owner)); run this as that user, or name "
                + "another folder with --keys or XDG_CONFIG_HOME"
        )
    }

    private func coordinatorPair(makeIfMissing: Bool) throws(KeyError) -> KeyPair {
        if makeIfMissing, try !isThere(coordinatorPath) {
            let key = KeyFile(name: "coordinator", role: nil, pair: try newPair(), coordinator: nil)
            try PrivateFile.write(key.text, to: coordinatorPath)
            return key.pair
        }
        return try KeyFile(path: coordinatorPath).pair
    }

    private func newPair() throws(KeyError) -> KeyPair {
        do throws(TransportError) {
            return try KeyPair.make()
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Runs `body` while no other process changes the folder.
    private func locked<Value>(_ body: () throws(KeyError) -> Value) throws(KeyError) -> Value {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("cannot open \(path): \(String(cString: strerror(errno)))") }
        // Closing gives the lock back.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        return try body()
    }
}

/// What a coordinator that demands keys has: its own, and the list of those that it takes.
package struct CoordinatorKeys: Sendable {
    /// Its own.
    package var pair: KeyPair
    /// Those that it takes.
    package var allowList: AllowList

    /// Creates the value from its parts.
    package init(pair: KeyPair, allowList: AllowList) {
        self.pair = pair
        self.allowList = allowList
    }
}
