import CCascadeKernels
import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// Two files have one fingerprint only if all their bytes are the same.
@Suite struct FingerprintTests {
    // MARK: The hash

    /// Bytes 0, 1, … 250, 0, … of a length, and their BLAKE3: the first of the published vectors, then the
    /// reference implementation's for messages of more than one part.
    static let vectors: [(Int, String)] = [
        (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"),
        (64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"),
        (65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"),
        (1_023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
        (1_024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
        (1_025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
        (2_049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"),
        (3_073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"),
        (5_121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"),
        (8_193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"),
        (31_744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"),
        (102_400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
        (1_048_576, "74cb441fd087764ca9c3694da742ebe30cbeb3060a17009ca81825c7a8d10343"),
        (1_048_577, "2f053cd7472cf0cd2f9adaf45c1180255b91b9a865404a63671a0ee5f792ed33"),
        (3_145_805, "2d73fca65af826c9ead9180eaf7d83e1b0e3a7bdb55ba17465155ec442f7df41"),
        (7_341_056, "f76e97411d3800427cc7c84f36d48bfd468b672ca9ba8f31407f8c9517b4464b"),
    ]

    @Test(arguments: KernelSet.names)
    func hashesAreThePublishedOnes(kernels: String) {
        let lanes = csk_hash_lanes(kernels)
        // A set that this processor lacks.
        guard lanes > 0 else { return #expect(csk_select(kernels) == nil) }
        let longest = (0..<7_341_056).map { UInt8($0 % 251) }
        for (count, expected) in Self.vectors {
            let digits = hash(longest.prefix(count), lanes: lanes).map { String(format: "%02x", $0) }
            #expect(digits.joined() == expected, "\(count) bytes, \(kernels)")
        }
    }

    private func hash(_ bytes: ArraySlice<UInt8>, lanes: Int) -> [UInt8] {
        let part = Int(CSK_HASH_PART)
        let parts = max(1, (bytes.count + part - 1) / part)
        var values = [UInt8](repeating: 0, count: parts * Int(CSK_HASH_BYTES))
        bytes.withUnsafeBytes { bytes in
            values.withUnsafeMutableBufferPointer { values in
                guard let base = values.baseAddress else { return }
                for index in 0..<parts {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[(index * part)...].prefix(part))
                    let value = base + index * Int(CSK_HASH_BYTES)
                    csk_hash_part(lanes, rest.baseAddress, rest.count, UInt64(index), parts == 1, value)
                }
                if parts > 1 { csk_hash_join(lanes, base, parts) }
            }
        }
        return Array(values.prefix(Int(CSK_HASH_BYTES)))
    }

    // MARK: Files

    @Test func aFilesFingerprintIsItsHash() throws {
        let path = Fixtures.modelPath("tiny-llama.Q4_1")
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        #expect(try GGUFFile(path: path).fingerprint().description == "eb4144b547ce5a83af1192e57293c85e")
        #expect(try GGUFFile(bytes: bytes, name: "held").fingerprint() == GGUFFile(path: path).fingerprint())
        let all = try Fixtures.modelNames.map { try GGUFFile(path: Fixtures.modelPath($0)).fingerprint() }
        #expect(Set(all).count == Fixtures.modelNames.count)
    }

    /// Three tensors: less than a chunk, less than two samples of the ends, and more.
    @Test func everyByteCounts() throws {
        var writer = GGUFWriter()
        writer.add("general.architecture", .string("llama"))
        for (name, count) in [("a", 200), ("b", 2_000), ("c", 3_000)] {
            writer.addTensor(name, .f32, shape: [count], bytes: [UInt8](repeating: 7, count: 4 * count))
        }
        var bytes = writer.bytes()
        let file = try GGUFFile(bytes: bytes, name: "original")
        let original = try file.fingerprint()
        var seen: Set = [original]
        for offset in (file.header.end)..<bytes.count {
            bytes[offset] ^= 1
            seen.insert(try GGUFFile(bytes: bytes, name: "changed").fingerprint())
            bytes[offset] ^= 1
        }
        #expect(seen.count == 1 + bytes.count - file.header.end)
        #expect(try GGUFFile(bytes: bytes, name: "restored").fingerprint() == original)
    }

    /// A download with a hole, and single bits anywhere in a real file's tensors, its metadata and its padding.
    @Test func damageAnywhereIsSeen() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: Fixtures.modelPath("tiny-qwen2.f16"))))
        let file = try GGUFFile(bytes: bytes, name: "original")
        let original = try file.fingerprint()
        let matrix = try file.tensor(named: "blk.1.ffn_down.weight")
        var holes = bytes
        let hole = matrix.fileOffset + 4_096..<matrix.fileOffset + matrix.byteCount - 4_096
        holes.replaceSubrange(hole, with: [UInt8](repeating: 0, count: hole.count))
        #expect(try GGUFFile(bytes: holes, name: "holes").fingerprint() != original)
        var random = SeededGenerator(seed: 17)
        for tensor in file.tensors {
            let offset = tensor.fileOffset + Int.random(in: 0..<tensor.byteCount, using: &random)
            let bit: UInt8 = 1 << UInt8.random(in: 0..<8, using: &random)
            bytes[offset] ^= bit
            #expect(try GGUFFile(bytes: bytes, name: "changed").fingerprint() != original, "\(tensor.name) \(offset)")
            bytes[offset] ^= bit
        }
    }

    // MARK: Records

    /// A copy of a tiny model in a folder of its own.
    private func withCopy(_ body: (URL) throws -> Void) throws {
        let folder = try copy()
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appending(path: "model.gguf"))
    }

    private func copy() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fingerprint-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "model.gguf")
        try FileManager.default.copyItem(at: URL(filePath: Fixtures.modelPath("tiny-llama.Q4_1")), to: file)
        return folder
    }

    private func recorded(_ url: URL) throws -> Hash128 {
        try GGUFFile(path: url.path).fingerprint(recordedFrom: 0, settledFor: 0)
    }

    /// Writes a file until it has another time of change: file systems' clocks are coarse.
    private func waitForAnotherTime(than stamp: FileStamp, beside url: URL) throws {
        let scratch = url.appendingPathExtension("scratch")
        var now = stamp.changed
        while now == stamp.changed {
            try Data("x".utf8).write(to: scratch)
            now = try #require(GGUFStorage(opening: scratch.path).stamp).changed
        }
    }

    private let other = Hash128(high: 1, low: 2)

    @Test func aFileIsHashedOnce() throws {
        try withCopy { url in
            let first = try recorded(url)
            let record = FingerprintRecord.place(of: url.path)
            #expect(FileManager.default.fileExists(atPath: record))
            #expect(try recorded(url) == first)
            // What is recorded is not computed again.
            let stamp = try #require(GGUFFile(path: url.path).storage.stamp)
            FingerprintRecord.write(other, beside: url.path, stamp)
            #expect(try recorded(url) == other)
            #expect(try GGUFFile(path: url.path).computedFingerprint() == first)
        }
    }

    /// What a fetch leaves for nodes counts at once, however short ago the file was written.
    @Test func whatIsRecordedAheadCounts() async throws {
        let folder = try copy()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "model.gguf").path
        let settled = 300_000_000
        try await GGUFFile.recordFingerprints(of: [path, "/nowhere.gguf"], from: 0, settledFor: settled)
        let file = try GGUFFile(path: path)
        let stamp = try #require(file.storage.stamp)
        #expect(
            try FingerprintRecord.read(beside: path, stamp, settledFor: settled) == file.computedFingerprint()
        )
        // Nothing is left to do, so nothing is waited for.
        let start = ContinuousClock.now
        try await GGUFFile.recordFingerprints(of: [path], from: 0, settledFor: settled)
        #expect(ContinuousClock.now - start < .milliseconds(300))
    }

    @Test func aSmallFileIsNotRecorded() throws {
        try withCopy { url in
            _ = try GGUFFile(path: url.path).fingerprint()
            #expect(!FileManager.default.fileExists(atPath: FingerprintRecord.place(of: url.path)))
        }
    }

    /// A record that is hardly younger than the file's last change may be of the file before it.
    @Test func aRecordOfAFileThatHasJustChangedDoesNotCount() throws {
        try withCopy { url in
            let file = try GGUFFile(path: url.path)
            FingerprintRecord.write(other, beside: url.path, try #require(file.storage.stamp))
            #expect(try file.fingerprint(recordedFrom: 0) == file.computedFingerprint())
            #expect(try file.fingerprint(recordedFrom: 0, settledFor: 0) == file.computedFingerprint())
        }
    }

    /// Size and time of writing are set back; the time of change cannot be.
    @Test func aChangedFileIsHashedAgain() throws {
        try withCopy { url in
            let first = try recorded(url)
            try waitForAnotherTime(than: #require(GGUFFile(path: url.path).storage.stamp), beside: url)
            let modified = try FileManager.default.attributesOfItem(atPath: url.path)[.modificationDate] as? Date
            let handle = try FileHandle(forUpdating: url)
            try handle.seek(toOffset: 700_000)
            try handle.write(contentsOf: Data(repeating: 1, count: 1))
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: modified ?? .now], ofItemAtPath: url.path)
            let second = try recorded(url)
            #expect(second != first)
            #expect(try second == GGUFFile(path: url.path).computedFingerprint())
        }
    }

    @Test func aRecordOfAnotherFileDoesNotCount() throws {
        try withCopy { url in
            let first = try recorded(url)
            let stamp = try #require(GGUFFile(path: url.path).storage.stamp)
            FingerprintRecord.write(other, beside: url.path, stamp)
            // The copy and its record, moved elsewhere as `cp -p` does.
            let copy = url.deletingLastPathComponent().appending(path: "copy.gguf")
            try FileManager.default.copyItem(at: url, to: copy)
            try FileManager.default.copyItem(
                atPath: FingerprintRecord.place(of: url.path),
                toPath: FingerprintRecord.place(of: copy.path)
            )
            #expect(try recorded(copy) == first)
        }
    }

    @Test func aDamagedRecordDoesNotCount() throws {
        try withCopy { url in
            let first = try recorded(url)
            let stamp = try #require(GGUFFile(path: url.path).storage.stamp)
            let record = URL(filePath: FingerprintRecord.place(of: url.path))
            let text = try Data(contentsOf: record)
            for offset in text.indices {
                var damaged = text
                damaged[offset] ^= 1
                try damaged.write(to: record)
                #expect(FingerprintRecord.read(beside: url.path, stamp, settledFor: 0) == nil, "byte \(offset)")
            }
            for rest in [Data(), text.prefix(31), text.dropLast(), text + text, Data(repeating: 0x61, count: 100_000)] {
                try rest.write(to: record)
                #expect(FingerprintRecord.read(beside: url.path, stamp, settledFor: 0) == nil)
                #expect(try recorded(url) == first)
            }
        }
    }

    @Test(arguments: [0o664, 0o646] as [mode_t]) func aRecordThatOthersCanWriteDoesNotCount(_ mode: mode_t) throws {
        try withCopy { url in
            let first = try recorded(url)
            FingerprintRecord.write(other, beside: url.path, try #require(GGUFFile(path: url.path).storage.stamp))
            let record = FingerprintRecord.place(of: url.path)
            chmod(record, mode)
            #expect(try recorded(url) == first)
            // What is written in its place counts.
            var status = stat()
            #expect(stat(record, &status) == 0 && status.st_mode & 0o022 == 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aRecordOfAStrangerDoesNotCount() throws {
        try withCopy { url in
            let record = FingerprintRecord.place(of: url.path)
            func recordOther(of owner: uid_t) throws {
                let stamp = try #require(GGUFFile(path: url.path).storage.stamp)
                FingerprintRecord.write(other, beside: url.path, stamp)
                chown(record, owner, 0)
            }
            try recordOther(of: 12_345)
            #expect(try recorded(url) == GGUFFile(path: url.path).computedFingerprint())
            // Who owns the model could as well have written another one.
            chown(url.path, 12_345, 0)
            try recordOther(of: 12_345)
            #expect(try recorded(url) == other)
        }
    }

    @Test func whereNothingCanBeRecordedTheFileIsHashed() throws {
        try withCopy { url in
            try FileManager.default.createDirectory(
                atPath: FingerprintRecord.place(of: url.path) + "/x",
                withIntermediateDirectories: true
            )
            #expect(try recorded(url) == GGUFFile(path: url.path).computedFingerprint())
        }
    }
}
