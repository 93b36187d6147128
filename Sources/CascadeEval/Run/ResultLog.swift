package import Foundation
internal import Synchronization

/// A run's `results.jsonl`: one record a line, added as answers come in, so that a run that was cut short goes on where it
/// stopped.
package final class ResultLog: Sendable {
    private struct State {
        var records: [String: EvalRecord]
        var order: [String]
        let handle: FileHandle
    }

    /// Where the file is.
    package let file: URL
    private let state: Mutex<State>

    /// Opens the log in a folder, which is made where it is not there. A last line that was cut in the middle is dropped.
    package init(folder: URL) throws(EvalError) {
        file = folder.appending(path: "results.jsonl")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let path = file.path
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            let handle = try FileHandle(forUpdating: file)
            guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw EvalError("another run writes to \(folder.path); wait for it, or name another folder with --out")
            }
            var data = try handle.readToEnd() ?? Data()
            // What follows the last line's end was cut in the middle, unless it never was a result.
            let end = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard end > 0 || data.isEmpty || data.first == UInt8(ascii: "{") else {
                throw EvalError("\(path) is no file of results; name another folder with --out")
            }
            data = data.prefix(end)
            let records = try Self.decode(data, file: path)
            try handle.truncate(atOffset: UInt64(data.count))
            try handle.seekToEnd()
            state = Mutex(State(records: [:], order: [], handle: handle))
            state.withLock { state in for record in records { Self.insert(record, into: &state) } }
        } catch let error as EvalError {
            throw error
        } catch {
            throw EvalError("cannot use \(folder.path) for results: \(error.localizedDescription)")
        }
    }

    /// All records, the first written first; of several with one key the last.
    package var records: [EvalRecord] {
        state.withLock { state in state.order.compactMap { state.records[$0] } }
    }

    /// Whether an answer is there.
    package func has(_ key: String) -> Bool { state.withLock { $0.records[key] != nil } }

    /// Adds a record, or puts it in the place of the one with its key; it is in the file when this returns.
    package func append(_ record: EvalRecord) throws(EvalError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        do {
            let line = try encoder.encode(record) + [UInt8(ascii: "\n")]
            try state.withLock { state in
                try state.handle.write(contentsOf: line)
                Self.insert(record, into: &state)
            }
        } catch {
            throw EvalError("cannot write \(file.path): \(error.localizedDescription)")
        }
    }

    private static func insert(_ record: EvalRecord, into state: inout State) {
        if state.records.updateValue(record, forKey: record.key) == nil { state.order.append(record.key) }
    }

    private static func decode(_ lines: Data, file: String) throws(EvalError) -> [EvalRecord] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var records: [EvalRecord] = []
        for (index, line) in lines.split(separator: UInt8(ascii: "\n")).enumerated() {
            do {
                records.append(try decoder.decode(EvalRecord.self, from: Data(line)))
            } catch {
                throw EvalError(
                    "\(file), line \(index + 1) is no result of cascade eval; name another folder with --out"
                )
            }
        }
        return records
    }
}
