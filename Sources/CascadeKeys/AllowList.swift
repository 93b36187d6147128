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
    package var count: Int { state.withLock { $0.entries.count } }

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
            return state.entries[key]
        }
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
    /// What they may do.
    package var role: KeyRole
    /// What people call the key.
    package var name: String

    /// Creates the value from its parts.
    package init(key: PublicKey, role: KeyRole, name: String) {
        self.key = key
        self.role = role
        self.name = name
    }

    /// Reads a list: one key a line (public key, role, name); empty lines and lines that begin with `#` say nothing.
    /// Throws with the line's number for anything else, and for a key or name that comes twice.
    static func parse(_ text: String) throws(KeyError) -> [AllowedKey] {
        var keys: [AllowedKey] = []
        var seen: Set<String> = []
        for (index, line) in TextLines.split(text).enumerated() {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let first = parts.first, !first.hasPrefix("#") else { continue }
            func broken(_ reason: String) -> KeyError { .failed("line \(index + 1): \(reason)") }
            guard parts.count == 3 else { throw broken("expected a public key, a role and a name") }
            guard let key = PublicKey(first) else {
                throw broken("'\(first)' is not a public key (40 characters of Z85)")
            }
            guard let role = KeyRole(rawValue: parts[1]) else {
                let roles = KeyRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw broken("role '\(parts[1])' is not one of \(roles)")
            }
            if let problem = KeyName.problem(parts[2]) { throw broken(problem) }
            for text in [first, parts[2]] where !seen.insert(text).inserted { throw broken("\(text) comes twice") }
            keys.append(AllowedKey(key: key, role: role, name: parts[2]))
        }
        return keys
    }

    /// The list's text.
    static func text(of keys: [AllowedKey]) -> String {
        let head = """
            # Keys that the coordinator takes: public key, role, name. 'cascade keys new' and \
            'cascade keys revoke' write
            # this file, and a coordinator that runs follows it within a second.

            """
        return head + keys.map { "\($0.key) \($0.role.rawValue) \($0.name)\n" }.joined()
    }
}
