internal import CascadeHost
package import Foundation
internal import Synchronization

/// A run's `results.jsonl`: one record a line, added as answers come in, so that a run that was cut short goes on where
/// it stopped.
package final class ResultLog: Sendable {
    private struct State {
        var records: [String: EvalRecord]
        var order: [String]
        /// Of whole lines.
        var bytes: Int
    }

    /// Where the file is.
    package let file: URL
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens the log in a folder, which is made where it is not there. A last line that was cut in the middle is
    /// dropped.
    package init(folder: URL) throws(EvalError) {
        file = folder.appending(path: "results.jsonl")
        do throws(SystemError) {
            try FileAccess.makeFolder(folder.path)
            descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw SystemError("write", file.path) }
        } catch {
            throw EvalError("\(error)")
        }
        do {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw EvalError("another run writes to \(folder.path); wait for it, or name another folder with --out")
            }
            var data = Data(try FileAccess.read(descriptor, name: file.path, limit: .max))
            // What follows the last line's end was cut in the middle, unless it never was a result.
            let end = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard end > 0 || data.isEmpty || data.first == UInt8(ascii: "{") else {
                throw EvalError("\(file.path) is not a file of results; name another folder with --out")
            }
            data = data.prefix(end)
            guard ftruncate(descriptor, off_t(end)) == 0 else { throw SystemError("write", file.path) }
            var initial = State(records: [:], order: [], bytes: end)
            for record in try Self.decode(data, file: file.path) { Self.insert(record, into: &initial) }
            state = Mutex(initial)
        } catch {
            close(descriptor)
            throw error as? EvalError ?? EvalError("\(error)")
        }
    }

    deinit {
        close(descriptor)
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
                do {
                    try FileAccess.write(Array(line), to: descriptor, name: file.path)
                } catch {
                    // Half a line would spoil the next one.
                    _ = ftruncate(descriptor, off_t(state.bytes))
                    throw error
                }
                state.bytes += line.count
                Self.insert(record, into: &state)
            }
        } catch {
            throw EvalError("\(error)")
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
                    "\(file), line \(index + 1) is not a result of cascade eval; name another folder with --out"
                )
            }
        }
        return records
    }
}
