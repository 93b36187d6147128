internal import CascadeHost
internal import Foundation

/// Reads a file line by line, within bounds.
final class LineReader {
    /// A line, from 1; without bytes where it has too many.
    struct Line {
        var number: Int
        var offset: Int
        var bytes: [UInt8]?
    }

    private let path: String
    private let descriptor: Int32
    private let mostBytes: Int
    private var block: [UInt8] = []
    private var index = 0
    private var isAtEnd = false
    private var offset = 0
    private var number = 0

    /// - Parameter mostBytes: of a line.
    init(path: String, mostBytes: Int) throws(SystemError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("read", path) }
        (self.path, self.mostBytes) = (path, mostBytes)
    }

    deinit { close(descriptor) }

    private func fill() throws(SystemError) {
        block = try Self.read(descriptor, path, offset: offset, count: 1 << 20)
        index = 0
        isAtEnd = block.isEmpty
    }

    /// The next line; nil at the end.
    func next() throws(SystemError) -> Line? {
        var line: [UInt8]? = []
        let start = offset
        while true {
            if index == block.count {
                try fill()
                if isAtEnd {
                    guard offset > start else { return nil }
                    number += 1
                    return Line(number: number, offset: start, bytes: line)
                }
            }
            let end = block[index...].firstIndex(of: UInt8(ascii: "\n"))
            let part = block[index..<(end ?? block.count)]
            if let length = line?.count, length + part.count <= mostBytes { line? += part } else { line = nil }
            offset += part.count
            index += part.count
            guard end != nil else { continue }
            (index, offset, number) = (index + 1, offset + 1, number + 1)
            return Line(number: number, offset: start, bytes: line)
        }
    }

    /// Up to `count` bytes at a place; fewer at the end of the file.
    static func read(_ path: String, offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("read", path) }
        defer { close(descriptor) }
        return try read(descriptor, path, offset: offset, count: count)
    }

    private static func read(
        _ descriptor: Int32,
        _ path: String,
        offset: Int,
        count: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
            }
            if got == 0 { break }
            if got < 0 {
                let code = errno
                if code == EINTR { continue }
                throw SystemError("read", path, code: code)
            }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }
}
