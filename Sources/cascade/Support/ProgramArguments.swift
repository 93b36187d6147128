internal import CCascadeHost
internal import Foundation

/// What this program was called with, its own name left out. Swift's `CommandLine` looks for it in /proc, and finds
/// nothing where that is not mounted: a command would be taken for none.
enum ProgramArguments {
    /// As text; bytes that are no UTF-8 show as the replacement character.
    static let texts = bytes.map { String(decoding: $0, as: UTF8.self) }

    /// As they are.
    static let bytes: [[UInt8]] = {
        var result: [[UInt8]] = []
        guard var next = csh_arguments() else { return result }
        while let argument = next.pointee {
            result.append(UnsafeBufferPointer(start: argument, count: strlen(argument)).map(UInt8.init(bitPattern:)))
            next += 1
        }
        return Array(result.dropFirst())
    }()
}
