internal import CCascadeKernels
package import CascadeCore
internal import CascadeHost
internal import Dispatch
internal import Foundation
internal import Synchronization

extension GGUFFile {
    /// The first 128 bits of the file's BLAKE3: nodes of a pool have the same bytes, every one of them. `b3sum` prints
    /// the same 32 digits first.
    ///
    /// Reads the whole file on all cores, at some GB/s once it is in the system's cache. A file that takes a while is
    /// hashed once for each state of it: see ``FingerprintRecord``.
    package func fingerprint() throws(GGUFError) -> Hash128 {
        try fingerprint(recordedFrom: FingerprintRecord.worthwhileBytes)
    }

    /// The same, recording it for files of `limit` bytes or more.
    func fingerprint(
        recordedFrom limit: Int,
        settledFor nanoseconds: Int = FingerprintRecord.settledNanoseconds
    ) throws(GGUFError) -> Hash128 {
        guard let stamp = storage.stamp, byteCount >= limit else { return try computedFingerprint() }
        if let recorded = FingerprintRecord.read(beside: path, stamp, settledFor: nanoseconds) { return recorded }
        let fingerprint = try computedFingerprint()
        FingerprintRecord.write(fingerprint, beside: path, stamp)
        return fingerprint
    }

    /// Records the fingerprints of those files that lack one, for nodes that may not write beside them.
    ///
    /// Only what is hashed a while after a file's last change counts, so this waits for that first. Who serves a file
    /// that is damaged, or that has no room for a record, hears of it then.
    ///
    /// - Throws: `CancellationError`.
    package static func recordFingerprints(of paths: [String]) async throws {
        try await recordFingerprints(of: paths, from: FingerprintRecord.worthwhileBytes)
    }

    /// The same, for files of `limit` bytes or more.
    static func recordFingerprints(
        of paths: [String],
        from limit: Int,
        settledFor nanoseconds: Int = FingerprintRecord.settledNanoseconds
    ) async throws {
        let missing = paths.filter { path in
            guard let file = try? GGUFStorage(opening: path), let stamp = file.stamp, file.byteCount >= limit,
                access(URL(filePath: path).deletingLastPathComponent().path, W_OK) == 0
            else { return false }
            return FingerprintRecord.read(beside: path, stamp, settledFor: nanoseconds) == nil
        }
        guard !missing.isEmpty else { return }
        // A little more: the file system's clock goes in steps.
        try await Task.sleep(for: .nanoseconds(nanoseconds) + .milliseconds(100))
        for path in missing { _ = try? GGUFFile(path: path).fingerprint(recordedFrom: limit, settledFor: nanoseconds) }
    }

    /// Hashes the file with a kernel set's instructions, whatever is recorded.
    func computedFingerprint(kernels name: String? = nil) throws(GGUFError) -> Hash128 {
        let lanes = name.map { csk_hash_lanes($0) } ?? csk_hash_lanes(nil)
        let (partBytes, valueBytes) = (Int(CSK_HASH_PART), Int(CSK_HASH_BYTES))
        let parts = max(1, (byteCount + partBytes - 1) / partBytes)
        let values = Mutex([UInt8](repeating: 0, count: parts * valueBytes))
        let failure = Mutex<GGUFError?>(nil)
        let next = Atomic(0)
        let threads = min(parts, ProcessInfo.processInfo.activeProcessorCount)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(partBytes, byteCount), alignment: 64)
            defer { buffer.deallocate() }
            while true {
                let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard part < parts else { return }
                let range = part * partBytes..<min(byteCount, (part + 1) * partBytes)
                let memory = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
                do throws(GGUFError) {
                    try storage.read(range, into: memory)
                } catch {
                    return failure.withLock { $0 = $0 ?? error }
                }
                var value = [UInt8](repeating: 0, count: valueBytes)
                csk_hash_part(lanes, memory.baseAddress, range.count, UInt64(part), parts == 1, &value)
                values.withLock { $0.replaceSubrange(part * valueBytes..<(part + 1) * valueBytes, with: value) }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        try checkUnchanged()
        var whole = values.withLock { $0 }
        if parts > 1 { csk_hash_join(lanes, &whole, parts) }
        func half(_ start: Int) -> UInt64 { whole[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return Hash128(high: half(0), low: half(8))
    }
}

/// A file's fingerprint, kept beside it as `FILE.fingerprint` with what the file was then: one line of text.
///
/// It counts only while size, number and times of the file are the same, only unharmed, and only as far as any
/// ``RecordFile`` does.
enum FingerprintRecord {
    /// A smaller file is hashed in less than 50 ms.
    static let worthwhileBytes = 64 << 20
    /// How much later than the file's last change a record must have been written: within a step of the file system's
    /// clock, which may be seconds, the file could have changed once more and have the same times.
    static let settledNanoseconds = 2_000_000_000

    /// The fingerprint that was recorded for this state of the file.
    static func read(
        beside path: String,
        _ stamp: FileStamp,
        settledFor nanoseconds: Int = settledNanoseconds
    ) -> Hash128? {
        // A record has less than 200 bytes.
        guard let record = RecordFile.read(place(of: path), beside: path, limit: 512),
            FileStamp(record.status).modified &- stamp.changed >= nanoseconds
        else { return nil }
        let line = String(decoding: record.bytes, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 1)
        guard let digits = words.first, digits.utf8.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        let fingerprint = Hash128(high: high, low: low)
        return line == text(fingerprint, stamp) ? fingerprint : nil
    }

    /// Records a fingerprint; where that fails there is no record.
    static func write(_ fingerprint: Hash128, beside path: String, _ stamp: FileStamp) {
        RecordFile.write(Array(text(fingerprint, stamp).utf8), to: place(of: path))
    }

    static func place(of path: String) -> String { path + ".fingerprint" }

    /// Fingerprint, state of the file, and a hash of both that tells a damaged record.
    private static func text(_ fingerprint: Hash128, _ stamp: FileStamp) -> String {
        let content = "\(fingerprint) blake3 of \(stamp)"
        var hasher = Hasher128()
        hasher.combine(bytes: Array(content.utf8))
        return "\(content) check \(hasher.finish())\n"
    }
}
