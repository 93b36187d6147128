internal import Foundation

/// Remembers beside a model file that its SHA-256 was computed, so that later runs need not read a gigabyte again.
///
/// Any change of length or modification time makes the record void.
struct VerifiedRecord: Codable, Equatable {
    let sha256: String
    let bytes: Int
    let modifiedNanoseconds: Int
    /// The URL that names the file; tells two URLs apart whose files would have one name.
    let origin: String

    private static func place(of file: URL) -> URL { file.appendingPathExtension("verified") }

    /// The record of `file`, if the file is still as it was when the record was written.
    static func load(for file: URL) -> VerifiedRecord? {
        guard let stamp = FileSystem.stamp(file), let data = try? Data(contentsOf: place(of: file)),
            let record = try? JSONDecoder().decode(VerifiedRecord.self, from: data),
            record.bytes == stamp.bytes, record.modifiedNanoseconds == stamp.modifiedNanoseconds
        else { return nil }
        return record
    }

    /// Writes the record of `file`. A folder that cannot be written, such as a read-only volume, only costs the next
    /// run time.
    static func save(for file: URL, sha256: String, origin: String) {
        guard let stamp = FileSystem.stamp(file) else { return }
        let record = VerifiedRecord(
            sha256: sha256,
            bytes: stamp.bytes,
            modifiedNanoseconds: stamp.modifiedNanoseconds,
            origin: origin
        )
        try? JSONEncoder().encode(record).write(to: place(of: file), options: .atomic)
    }
}
