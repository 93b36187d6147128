internal import CascadeHost
internal import Foundation

/// Remembers beside a model file that its SHA-256 was computed, so that later runs need not read a gigabyte again.
///
/// Any change of length or modification time makes the record void, and it counts only as far as any `RecordFile` does.
struct VerifiedRecord: Codable, Equatable {
    let sha256: String
    let bytes: Int
    let modifiedNanoseconds: Int
    /// The URL that names the file; tells two URLs apart whose files would have one name.
    let origin: String

    /// A URL may be long.
    private static let mostBytes = 64 << 10

    private static func place(of file: URL) -> String { file.appendingPathExtension("verified").path }

    /// The record of `file`, if the file is still as it was when the record was written.
    static func load(for file: URL) -> VerifiedRecord? {
        guard let stamp = FileSystem.stamp(file),
            let content = RecordFile.read(place(of: file), beside: file.path, limit: mostBytes),
            let record = try? JSONDecoder().decode(VerifiedRecord.self, from: Data(content.bytes)),
            record.bytes == stamp.bytes, record.modifiedNanoseconds == stamp.modifiedNanoseconds
        else { return nil }
        return record
    }

    /// Writes the record of `file`.
    static func save(for file: URL, sha256: String, origin: String) {
        guard let stamp = FileSystem.stamp(file) else { return }
        let record = VerifiedRecord(
            sha256: sha256,
            bytes: stamp.bytes,
            modifiedNanoseconds: stamp.modifiedNanoseconds,
            origin: origin
        )
        guard let data = try? JSONEncoder().encode(record) else { return }
        RecordFile.write(Array(data), to: place(of: file))
    }
}
