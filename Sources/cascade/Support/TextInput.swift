internal import Foundation

/// Text that comes from outside is UTF-8, whichever way it comes; other bytes are refused. The system's own conversions
/// put U+FFFD in their place in silence, and a model would answer another prompt than the one that was given.
enum TextInput {
    /// The text of `bytes`; `source` is what the refusal calls them, such as "the prompt on standard input".
    static func text(_ bytes: some Collection<UInt8>, of source: String) throws(CommandFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let valid = validPrefixCount(of: Array(bytes))
            let byte = String(bytes.dropFirst(valid).first ?? 0, radix: 16, uppercase: true)
            throw .usage(
                """
                \(source) is not UTF-8: byte \(valid + 1) is 0x\(byte); convert it, e.g. with 'iconv -f LATIN1 -t \
                UTF-8'
                """
            )
        }
        return text
    }

    /// Refuses arguments and settings of the environment that are not UTF-8.
    static func checkArguments(_ names: some Collection<String>) throws(CommandFailure) {
        for (index, argument) in ProgramArguments.bytes.enumerated() {
            _ = try text(argument, of: "argument \(index + 1)")
        }
        for name in names where name.hasPrefix("CASCADE_") {
            guard let value = getenv(name) else { continue }
            _ = try text(bytes(of: value), of: name)
        }
    }

    private static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:))
    }

    /// Bytes in front of the first that is part of no character.
    private static func validPrefixCount(of bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
        return count
    }
}
