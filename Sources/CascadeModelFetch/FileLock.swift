internal import CascadeHost
internal import Foundation

/// An exclusive lock between processes, held by a file descriptor and so gone with the process that held it.
struct FileLock: Sendable {
    private let url: URL
    private let descriptor: Int32

    /// Takes the lock at `url`; nil while another process or task holds it.
    static func take(_ url: URL) throws(ModelFetchError) -> FileLock? {
        while true {
            let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw ModelFetchError(code: .fileSystem, message: "cannot open \(url.path): \(SystemError.text(errno))")
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno
                close(descriptor)
                if code == EINTR { continue }
                if code == EWOULDBLOCK { return nil }
                throw ModelFetchError(code: .fileSystem, message: "cannot lock \(url.path): \(SystemError.text(code))")
            }
            // The holder before us removed the file when it was done: a lock on the removed one keeps nobody out.
            var (held, named) = (stat(), stat())
            if fstat(descriptor, &held) == 0, stat(url.path, &named) == 0,
                held.st_ino == named.st_ino, held.st_dev == named.st_dev
            {
                return FileLock(url: url, descriptor: descriptor)
            }
            close(descriptor)
        }
    }

    /// Takes the lock at `url`, asking again several times a second; `waiting` is called once if somebody else holds
    /// it.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    static func wait(_ url: URL, waiting: () -> Void) async throws -> FileLock {
        var told = false
        while true {
            if let lock = try take(url) { return lock }
            if !told { waiting() }
            told = true
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Gives the lock up; to be called once.
    func release() {
        unlink(url.path)
        close(descriptor)
    }
}
