internal import CCascadeProto

/// Memory for one message: a few growing chunks, given back all at once.
///
/// protobuf-c bounds nothing itself: 200 kB of unknown two-byte fields make it allocate 10 MB in 100,000 pieces. With
/// an arena as its allocator, what goes beyond the budget fails the unpacking cleanly, and giving a million pieces back
/// costs no more than one. Whoever makes an arena calls ``free()`` in a `defer`; no pointer into it outlives that.
struct Arena {
    /// The arena as protobuf-c's allocator.
    let allocator: UnsafeMutablePointer<ProtobufCAllocator>
    private let state: UnsafeMutablePointer<State>

    /// Creates an arena of at most `bytes` in at most `allocations` pieces.
    ///
    /// With `apart` each piece is a block of its own and no longer than it was asked for, so that AddressSanitizer sees
    /// who reads or writes beyond it.
    init(bytes: Int = .max, allocations: Int = .max, apart: Bool = false) {
        state = .allocate(capacity: 1)
        state.initialize(to: State(bytesLeft: min(bytes, .max / 2), piecesLeft: allocations, isApart: apart))
        allocator = .allocate(capacity: 1)
        allocator.initialize(
            to: ProtobufCAllocator(
                alloc: { data, size in data?.assumingMemoryBound(to: State.self).pointee.allocate(size) },
                free: { _, _ in },
                allocator_data: UnsafeMutableRawPointer(state)
            )
        )
    }

    /// Whether something was asked for beyond the budget.
    var isExhausted: Bool { state.pointee.isExhausted }

    /// Room for `count` values, uninitialised; nil beyond the budget.
    func allocate<Value>(_ count: Int, of type: Value.Type = Value.self) -> UnsafeMutablePointer<Value>? {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
        return state.pointee.allocate(overflow ? .max : bytes)?.bindMemory(to: Value.self, capacity: count)
    }

    /// Gives all memory back.
    func free() {
        for chunk in state.pointee.chunks { chunk.deallocate() }
        state.deinitialize(count: 1)
        state.deallocate()
        allocator.deallocate()
    }

    private struct State {
        var bytesLeft: Int
        var piecesLeft: Int
        let isApart: Bool
        var isExhausted = false
        var chunks: [UnsafeMutableRawPointer] = []
        /// Where the newest chunk's unused part begins, and its size.
        var next: UnsafeMutableRawPointer?
        var room = 0
        var chunkBytes = 4096

        init(bytesLeft: Int, piecesLeft: Int, isApart: Bool) {
            self.bytesLeft = bytesLeft
            self.piecesLeft = piecesLeft
            self.isApart = isApart
        }

        /// `bytes` bytes at a multiple of 16.
        mutating func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
            // A size_t beyond Int.max arrives as a negative number.
            guard bytes >= 0, bytes <= bytesLeft, piecesLeft > 0 else {
                isExhausted = true
                return nil
            }
            // Even an empty piece has an address of its own.
            let size = max(16, (bytes + 15) & ~15)
            bytesLeft -= size
            piecesLeft -= 1
            if isApart {
                let piece = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes), alignment: 16)
                chunks.append(piece)
                return piece
            }
            if size > room {
                let chunk = UnsafeMutableRawPointer.allocate(byteCount: max(size, chunkBytes), alignment: 16)
                chunks.append(chunk)
                next = chunk
                room = max(size, chunkBytes)
                chunkBytes *= 2
            }
            let piece = next
            next = next?.advanced(by: size)
            room -= size
            return piece
        }
    }
}
