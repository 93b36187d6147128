/// Follows one stop string through a stream of bytes (Knuth, Morris, Pratt 1977): after each byte it knows how long a
/// beginning of the string the stream ends with.
struct StopMatcher: Equatable, Sendable {
    private let pattern: [UInt8]
    /// For each length of a beginning, the length of its longest proper suffix that is a beginning too.
    private let borders: [Int]
    /// Length of the longest beginning of the string that the stream ends with.
    private(set) var matched = 0

    /// Creates a matcher of a string that is not empty.
    init(_ pattern: [UInt8]) {
        precondition(!pattern.isEmpty, "a stop string must not be empty")
        var borders = [0, 0]
        borders.reserveCapacity(pattern.count + 1)
        var border = 0
        for byte in pattern.dropFirst() {
            while border > 0, pattern[border] != byte { border = borders[border] }
            if pattern[border] == byte { border += 1 }
            borders.append(border)
        }
        self.pattern = pattern
        self.borders = borders
    }

    /// Length of the stop string.
    var count: Int { pattern.count }

    /// Takes the stream's next byte; true when the stop string is complete. Amortised constant time.
    mutating func advance(_ byte: UInt8) -> Bool {
        if matched == pattern.count { matched = borders[matched] }
        while matched > 0, pattern[matched] != byte { matched = borders[matched] }
        if pattern[matched] == byte { matched += 1 }
        return matched == pattern.count
    }
}
