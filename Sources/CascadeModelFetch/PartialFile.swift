internal import CascadeHost
internal import Foundation
internal import Synchronization

/// A file that grows at its end under a name of its own until it is complete.
///
/// Beside it lies a note of the content it is the beginning of. Whatever source the bytes came from, they are the
/// beginning of that content, so any source may go on where another stopped, also in a later run.
final class PartialFile: Sendable {
    let url: URL
    private let note: URL
    private let descriptor: Int32
    private let end: Mutex<Int>

    /// Opens or makes the partial file of `target`. What an earlier run left is kept only if it was for the same
    /// `content`: a digest or a server's own mark for one version of a file; nil if there is no such mark.
    init(of target: URL, content: String?) throws(ModelFetchError) {
        url = target.appendingPathExtension("partial")
        note = target.appendingPathExtension("partial.note")
        descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        end = Mutex(0)
        guard descriptor >= 0 else {
            throw ModelFetchError(code: .fileSystem, message: "cannot open \(url.path): \(SystemError.text(errno))")
        }
        let before = try? String(contentsOf: note, encoding: .utf8)
        if let content, before == content {
            end.withLock { $0 = max(0, Int(lseek(descriptor, 0, SEEK_END))) }
        } else {
            try truncate(to: 0)
            do {
                try FileAccess.write((content ?? "").utf8, to: note.path)
            } catch {
                throw ModelFetchError(code: error.code == ENOSPC ? .noSpace : .fileSystem, message: "\(error)")
            }
        }
    }

    deinit {
        close(descriptor)
    }

    /// Bytes in the file.
    var length: Int { end.withLock { $0 } }

    /// Writes `bytes` behind the last one.
    ///
    /// - Throws: `noSpace` or `fileSystem`; the length then counts what was written whole.
    func append(_ bytes: UnsafeRawBufferPointer) throws(ModelFetchError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = pwrite(
                descriptor,
                UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                rest.count,
                off_t(length)
            )
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw failure("write", count < 0 ? errno : ENOSPC)
            }
            end.withLock { $0 += count }
            rest = rest.dropFirst(count)
        }
    }

    /// Drops what lies behind the first `length` bytes.
    func truncate(to length: Int) throws(ModelFetchError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw failure("truncate", errno) }
        end.withLock { $0 = length }
    }

    /// Gives the complete file its final name, once its bytes are on disk.
    func commit(as target: URL) throws(ModelFetchError) {
        guard fsync(descriptor) == 0 else { throw failure("sync", errno) }
        guard rename(url.path, target.path) == 0 else { throw failure("rename", errno) }
        unlink(note.path)
    }

    /// Leaves an empty file and its note out of the folder; a file with bytes stays, to be resumed.
    func removeIfEmpty() {
        guard length == 0 else { return }
        unlink(url.path)
        unlink(note.path)
    }

    private func failure(_ verb: String, _ code: Int32) -> ModelFetchError {
        ModelFetchError(
            code: code == ENOSPC || code == EDQUOT ? .noSpace : .fileSystem,
            message: "cannot \(verb) \(url.path): \(SystemError.text(code))"
        )
    }
}
