package import CascadeCore
internal import CascadeHost
package import CascadeTransport
internal import Foundation
package import Logging
internal import Synchronization

/// The keys that a running coordinator takes: a file that it reads again when it has changed, a second later at most.
///
/// A file that is gone or broken is reported, and the last good list stays in force.
package final class AllowList: KeyAuthenticator {
    private struct State {
        var entries: [PublicKey: AllowedKey] = [:]
        var stamp: Stamp?
        var generation: UInt64 = 0
        var nextLook: Instant
    }

    /// What changes when a file is written or replaced.
    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private static let lookMilliseconds: UInt64 = 500

    private let path: String
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the list; here a broken one is an error.
    package init(path: String, logger: Logger) throws(KeyError) {
        self.path = path
        self.logger = logger
        let stamp = Stamp(path)
        let entries = try Self.read(path)
        state = Mutex(
            State(
                entries: entries,
                stamp: stamp,
                nextLook: MonotonicClock.now().advanced(milliseconds: Self.lookMilliseconds)
            )
        )
    }

    /// How many keys are allowed.
    package var count: Int { state.withLock { $0.entries.values.count { $0.role != nil } } }

    /// Grows whenever the list has changed.
    package var generation: UInt64 {
        state.withLock { state in
            look(&state)
            return state.generation
        }
    }

    /// The key's entry at this moment; nil for one that is not, or no longer, allowed.
    package func entry(of key: PublicKey) -> AllowedKey? {
        state.withLock { state in
            look(&state)
            return state.entries[key].flatMap { $0.role == nil ? nil : $0 }
        }
    }

    /// Whose jobs may run: those of keys that are allowed, and of those that were revoked without their jobs.
    package var principals: [Principal] {
        state.withLock { $0.entries.values.filter(\.mayOwnJobs).map(\.principal) }
    }

    package func allows(_ key: PublicKey) -> Bool {
        entry(of: key) != nil
    }

    /// Reads the file again if it is time to look and something is new.
    private func look(_ state: inout State) {
        let now = MonotonicClock.now()
        guard now >= state.nextLook else { return }
        state.nextLook = now.advanced(milliseconds: Self.lookMilliseconds)
        // Before the file is read: what is written in between is found at the next look.
        let stamp = Stamp(path)
        guard stamp != state.stamp else { return }
        state.stamp = stamp
        do throws(KeyError) {
            let entries = try Self.read(path)
            guard entries != state.entries else { return }
            state.entries = entries
            state.generation += 1
            logger.notice("allowed keys have changed", metadata: ["keys": "\(entries.count)"])
        } catch {
            logger.error(
                "the list of allowed keys cannot be used; the last good one stays",
                metadata: ["error": "\(error)"]
            )
        }
    }

    private static func read(_ path: String) throws(KeyError) -> [PublicKey: AllowedKey] {
        let text = try PrivateFile.read(path, limit: 1 << 20)
        do throws(KeyError) {
            return Dictionary(uniqueKeysWithValues: try AllowedKey.parse(text).map { ($0.key, $0) })
        } catch {
            throw .failed("\(path): \(error)")
        }
    }
}

/// One entry of the list of allowed keys.
package struct AllowedKey: Equatable, Sendable {
    /// Whose connections are taken.
    package var key: PublicKey
    /// What they may do; nil of a key that was revoked and whose jobs run on.
    package var role: KeyRole?
    /// What people call the key.
    package var name: String
    /// Whose jobs are those that it submits: keys of one owner share them.
    package var owner: String
    /// What its owner may take of the cluster; the same for all keys of one owner.
    package var limits: OwnerLimits

    /// The word for a role in the list that revoked keys have.
    package static let revoked = "revoked"

    /// Creates the value from its parts; a key is its own owner where none is named.
    package init(
        key: PublicKey,
        role: KeyRole?,
        name: String,
        owner: String? = nil,
        limits: OwnerLimits = OwnerLimits()
    ) {
        self.key = key
        self.role = role
        self.name = name
        self.owner = owner ?? name
        self.limits = limits
    }

    /// Whether there may be jobs of it: not of a node's.
    package var mayOwnJobs: Bool { role?.mayOwnJobs ?? true }

    /// Whom a coordinator takes whoever uses the key for.
    package var principal: Principal {
        Principal(
            owner: JobOwner(name: owner, key: key.text),
            isAdmin: role == .admin,
            namesOwners: role == .gateway,
            limits: limits
        )
    }

    /// Reads a list: one key a line (public key, role, name, then `owner=NAME`, `weight=NUMBER` and limits such as
    /// `max-jobs=NUMBER` where they are set); empty lines and lines that begin with `#` say nothing. Throws with the
    /// line's number for anything else, for a key or name that comes twice, and for keys of one owner with different
    /// limits.
    static func parse(_ text: String) throws(KeyError) -> [AllowedKey] {
        var keys: [AllowedKey] = []
        var seen: Set<String> = []
        var limits: [String: OwnerLimits] = [:]
        for (index, line) in TextLines.split(text).enumerated() {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let first = parts.first, !first.hasPrefix("#") else { continue }
            do throws(KeyError) {
                let key = try AllowedKey(parts)
                for text in [first, key.name] where !seen.insert(text).inserted { throw .failed("\(text) comes twice") }
                if key.mayOwnJobs, let others = limits.updateValue(key.limits, forKey: key.owner), others != key.limits
                {
                    throw .failed("the keys of owner \(key.owner) have different limits; they must have the same")
                }
                keys.append(key)
            } catch {
                throw .failed("line \(index + 1): \(error)")
            }
        }
        return keys
    }

    /// Reads the words of a line.
    private init(_ words: [String]) throws(KeyError) {
        guard words.count >= 3 else { throw .failed("expected a public key, a role and a name") }
        guard let key = PublicKey(words[0]) else {
            throw .failed("'\(words[0])' is not a public key (40 characters of Z85)")
        }
        let role = KeyRole(rawValue: words[1])
        guard role != nil || words[1] == Self.revoked else {
            let roles = (KeyRole.allCases.map(\.rawValue) + [Self.revoked]).joined(separator: ", ")
            throw .failed("role '\(words[1])' is not one of \(roles)")
        }
        if let problem = KeyName.problem(words[2]) { throw .failed(problem) }
        self.init(key: key, role: role, name: words[2])
        for word in words.dropFirst(3) { try take(word) }
    }

    /// Reads `owner=NAME`, `weight=NUMBER` or a limit.
    private mutating func take(_ word: String) throws(KeyError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (name, text) = (parts[0], parts.count == 2 ? parts[1] : "")
        func number(in range: ClosedRange<Int>) throws(KeyError) -> Int {
            guard let number = Int(text), range.contains(number) else {
                throw .failed("\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
            }
            return number
        }
        if name == "owner" {
            if let problem = KeyName.ownerProblem(text) { throw .failed(problem) }
            owner = text
        } else if name == "weight" {
            limits.weight = try number(in: OwnerLimits.weightRange)
        } else if let limit = OwnerLimits.names.first(where: { $0.name == name }) {
            limits[keyPath: limit.path] = try number(in: OwnerLimits.range)
        } else {
            let names = ["owner", "weight"] + OwnerLimits.names.map(\.name)
            throw .failed("'\(word)' is not one of \(names.map { "\($0)=…" }.joined(separator: ", "))")
        }
    }

    /// The list's text.
    static func text(of keys: [AllowedKey]) -> String {
        let head = """
            # Keys that the coordinator takes: public key, role, name; then the owner's name and limits where they are
            # set. 'cascade keys new' and 'cascade keys revoke' write this file, and a coordinator that runs follows it
            # within a second. The jobs of a key that is not in it end.

            """
        return head + keys.map { $0.line + "\n" }.joined()
    }

    private var line: String {
        var words = [key.text, role?.rawValue ?? Self.revoked, name]
        if owner != name { words.append("owner=\(owner)") }
        return (words + limits.words).joined(separator: " ")
    }
}

extension OwnerLimits {
    /// As the list of keys has them; those that say nothing are left out.
    package var words: [String] {
        (weight == 1 ? [] : ["weight=\(weight)"])
            + Self.names.compactMap { name, path in self[keyPath: path].map { "\(name)=\($0)" } }
    }
}
