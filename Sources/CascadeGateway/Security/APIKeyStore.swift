internal import Foundation
internal import Logging
internal import Synchronization

/// The keys in force: those of a file, which is read again when it changes.
package final class APIKeyStore: Sendable {
    /// The file cannot be read, or says something wrong: for people.
    package struct Unreadable: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var bytes: Data
        var list: APIKeyList
        /// The last content that was refused, so that it is complained of once.
        var refused: Data?
    }

    /// Bytes of a file, at most.
    static let mostBytes = 4 << 20

    private let path: String
    private let state: Mutex<State>
    /// What the keys have taken.
    let meter = OwnerMeter()

    /// Reads the file.
    package init(path: String) throws(Unreadable) {
        self.path = path
        let bytes = try Self.read(path)
        state = Mutex(State(bytes: bytes, list: try Self.list(bytes, path: path)))
    }

    private static func read(_ path: String) throws(Unreadable) -> Data {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Unreadable(description: "the keys cannot be read from \(path)")
        }
        guard bytes.count <= mostBytes else {
            throw Unreadable(description: "\(path) has more than \(mostBytes) bytes")
        }
        return bytes
    }

    private static func list(_ bytes: Data, path: String) throws(Unreadable) -> APIKeyList {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Unreadable(description: "\(path) is not UTF-8")
        }
        do { return try APIKeyList(text) } catch {
            throw Unreadable(description: "\(path), \(error)")
        }
    }

    /// How many keys there are.
    package var count: Int { state.withLock(\.list.count) }

    /// The entry of a key that a client sent; nil where it is not known.
    func entry(of key: String) -> APIKeyList.Entry? {
        // Hashing and comparing are not done under the lock.
        let list = state.withLock(\.list)
        return list.entry(of: key)
    }

    /// The entry of the key with this digest, else another one of the owner; nil where the owner has none.
    func entry(digest: [UInt8], owner: String) -> APIKeyList.Entry? {
        let own = state.withLock(\.list.entries).filter { $0.owner == owner }
        return own.first { $0.digest == digest } ?? own.first
    }

    /// Reads the file again. One that is gone or wrong changes nothing: the keys stay as they were, and the log says
    /// so once.
    func reload(logger: Logger) {
        do throws(Unreadable) {
            let bytes = try Self.read(path)
            guard bytes != state.withLock(\.bytes) else { return }
            guard bytes != state.withLock(\.refused) else { return }
            do throws(Unreadable) {
                let list = try Self.list(bytes, path: path)
                state.withLock { $0 = State(bytes: bytes, list: list) }
                meter.keep(only: list)
                logger.notice("read the API keys again", metadata: ["cascade.keys": "\(list.count)"])
            } catch {
                state.withLock { $0.refused = bytes }
                throw error
            }
        } catch {
            logger.error("the API keys stay as they were", metadata: ["cascade.error": "\(error)"])
        }
    }
}
