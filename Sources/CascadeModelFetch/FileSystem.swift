internal import CascadeHost
internal import Foundation

/// Small questions to the file system.
enum FileSystem {
    /// Length and modification time of a regular file.
    struct Stamp: Equatable {
        let bytes: Int
        let modifiedNanoseconds: Int
    }

    /// The stamp of the regular file at `url`, or nil if there is none.
    static func stamp(_ url: URL) -> Stamp? {
        var status = stat()
        guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Stamp(
            bytes: Int(status.st_size),
            modifiedNanoseconds: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        )
    }

    /// Makes `directory` and what leads to it.
    static func makeDirectory(_ directory: URL) throws(ModelFetchError) {
        do {
            try FileAccess.makeFolder(directory.path)
        } catch {
            throw ModelFetchError(code: .fileSystem, message: "\(error)")
        }
    }

    /// Bytes that an ordinary user may still write to the disk of `directory`; nil if the system does not say.
    static func freeBytes(_ directory: URL) -> Int? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        )
    }

    /// - Throws: `noSpace` if fewer than `bytes` are free where `directory` is.
    static func requireFree(_ bytes: Int, in directory: URL) throws(ModelFetchError) {
        guard let free = freeBytes(directory), free < bytes else { return }
        throw ModelFetchError(
            code: .noSpace,
            message: "not enough room in \(directory.path): \(ByteText.size(bytes)) needed, \(ByteText.size(free)) free"
        )
    }

    /// The sum of the lengths of all files below `directory` whose names end in `suffix`.
    static func totalBytes(_ directory: URL, suffix: String) -> Int {
        let files = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil)
        var total = 0
        while let file = files?.nextObject() as? URL {
            guard file.lastPathComponent.hasSuffix(suffix) else { continue }
            total += stamp(file)?.bytes ?? 0
        }
        return total
    }
}
