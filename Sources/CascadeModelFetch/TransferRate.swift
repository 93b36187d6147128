internal import DequeModule

/// The speed of a transfer over its last few seconds.
struct TransferRate {
    /// How far back the speed looks.
    static let windowSeconds = 5.0

    private var samples: Deque<(seconds: Double, bytes: Int)> = []

    /// Notes that `bytes` are there at `seconds`. Fewer bytes than before mean a new beginning.
    mutating func note(bytes: Int, at seconds: Double) {
        if let last = samples.last, bytes < last.bytes { samples.removeAll() }
        samples.append((seconds, bytes))
        while samples.count > 2, samples[1].seconds <= seconds - Self.windowSeconds { samples.removeFirst() }
    }

    /// Bytes per second, or nil before there are two moments to compare.
    var bytesPerSecond: Double? {
        guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return nil }
        return Double(last.bytes - first.bytes) / (last.seconds - first.seconds)
    }
}
