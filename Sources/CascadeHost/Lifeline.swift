internal import Foundation
internal import Synchronization

/// What joins a role to the process that started it and looks after it: the role tells how it is, and notices at once
/// when the other has ended, whatever ended it. No role is left over.
///
/// A pair of sockets; the role has its end as descriptor 3.
package enum Lifeline {
    /// What a role tells, one line of JSON each.
    package enum Word: Codable, Equatable, Sendable {
        /// It does its work: a coordinator with this boot id listens, a node is ready in the boot with this id.
        case serving(boot: UInt64)
        /// It ends for this reason, which may pass by itself or not.
        case failed(String, mayPass: Bool)
        /// It ends because an operator drained it, who wants it to stay away.
        case drained
        /// It serves HTTP at this URL.
        case listening(String)
    }

    /// The descriptor of the role's end.
    package static let descriptor: Int32 = 3
    /// The environment variable that says that there is such an end.
    package static let variable = "CASCADE_LIFELINE"

    /// Whether somebody is at the other end.
    package static let isThere: Bool = {
        guard ProcessInfo.processInfo.environment[variable] == "\(descriptor)" else { return false }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return true
    }()

    /// Tells something; nothing happens where nobody is there to hear it.
    package static func say(_ word: Word) {
        guard isThere, let line = try? JSONEncoder().encode(word) else { return }
        let bytes = Array(line) + [UInt8(ascii: "\n")]
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Has this process end as on SIGTERM once the other end is gone; hard, where it does not manage in time.
    package static func endWithParent(withinSeconds limit: UInt32 = 15) throws(HostError) {
        guard isThere else { return }
        try OSThread.start(name: "lifeline") {
            var byte: UInt8 = 0
            while true {
                let count = read(descriptor, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            kill(getpid(), SIGTERM)
            sleep(limit)
            _exit(1)
        }
    }

    /// The two ends: the parent's and the child's. Both are closed on exec.
    package static func pair() throws(HostError) -> (parent: Int32, child: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw HostError("cannot make a socket: \(SystemError.text(errno))")
        }
        // Out of the way of what the child gets as 0 to 3.
        let child = fcntl(ends[1], F_DUPFD_CLOEXEC, descriptor + 1)
        close(ends[1])
        guard child >= 0 else {
            close(ends[0])
            throw HostError("cannot make a socket: \(SystemError.text(errno))")
        }
        return (ends[0], child)
    }

    /// Reads what a role tells until its end is closed; lines that make no sense are left out. Blocks.
    package static func listen(_ descriptor: Int32, _ hear: (Word) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var line: [UInt8] = []
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            for byte in buffer[..<count] {
                guard byte == UInt8(ascii: "\n") else {
                    // A cause is a sentence or two.
                    if line.count < 1 << 16 { line.append(byte) }
                    continue
                }
                if let word = try? JSONDecoder().decode(Word.self, from: Data(line)) { hear(word) }
                line = []
            }
        }
    }
}
