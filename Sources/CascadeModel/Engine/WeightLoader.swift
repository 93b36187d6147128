internal import CCascadeKernels
internal import CascadeCore
internal import Dispatch
internal import Synchronization

/// Copies a plan's tensors from the file into the weights' memory, on all cores.
///
/// `@unchecked Sendable`: the file is only read, and every piece of work writes memory of its own.
struct WeightLoader: @unchecked Sendable {
    /// Some rows of one item; whole tiles, but for the last ones of a matrix.
    private struct Piece {
        var item: WeightPlan.Item
        var rows: Range<Int>
    }

    /// Bytes of the file that one piece reads, about: small enough for a core's cache to hold what it repacks, large
    /// enough that calls of the system do not show.
    private static let pieceByteCount = 1 << 20

    private let file: GGUFFile
    private let plan: WeightPlan
    private let base: UnsafeMutableRawPointer

    init(file: GGUFFile, plan: WeightPlan, base: UnsafeMutableRawPointer) {
        self.file = file
        self.plan = plan
        self.base = base
    }

    /// Copies everything; throws when the file cannot be read or a weight is infinite or not a number.
    func run() throws(ModelError) {
        let items = plan.order.compactMap { plan.items[$0] }
        let pieces = items.flatMap(pieces(of:))
        let firstBroken = Atomic(pieces.count)
        let failure = Mutex<GGUFError?>(nil)
        DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
            do throws(GGUFError) {
                if try !copy(pieces[index]) { firstBroken.min(index, ordering: .relaxed) }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw .file(error) }
        try wrapped { () throws(GGUFError) in try file.checkUnchanged() }
        let broken = firstBroken.load(ordering: .relaxed)
        guard broken == pieces.count else {
            throw .tensor(
                path: file.path,
                name: pieces[broken].item.tensor.name,
                expected: "finite weights",
                found: "an infinite one or no number"
            )
        }
    }

    private func pieces(of item: WeightPlan.Item) -> [Piece] {
        let tile = Int(CSK_TILE_ROWS)
        let step = max(1, WeightLoader.pieceByteCount / item.tensor.rowByteCount / tile) * tile
        return stride(from: 0, to: item.rowCount, by: step).map { start in
            Piece(item: item, rows: start..<min(start + step, item.rowCount))
        }
    }

    /// Whether all numbers of the piece are finite; rows that are taken as they are were not looked at.
    private func copy(_ piece: Piece) throws(GGUFError) -> Bool {
        let (item, rows, rowByteCount) = (piece.item, piece.rows, piece.item.tensor.rowByteCount)
        guard item.kind == .matrix else {
            let place = base + item.offset + rows.lowerBound * rowByteCount
            let memory = UnsafeMutableRawBufferPointer(start: place, count: rows.count * rowByteCount)
            try file.read(rows, of: item.tensor, into: memory)
            return item.kind == .rows || memory.bindMemory(to: Float.self).allSatisfy(\.isFinite)
        }
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: rows.count * rowByteCount, alignment: 64)
        defer { source.deallocate() }
        if let taken = item.taken?[rows] {
            for (index, token) in taken.enumerated() {
                let row = UnsafeMutableRawBufferPointer(
                    rebasing: source[index * rowByteCount..<(index + 1) * rowByteCount]
                )
                try file.read(Int(token)..<Int(token) + 1, of: item.tensor, into: row)
            }
        } else {
            try file.read(rows, of: item.tensor, into: source)
        }
        guard let start = UnsafeRawPointer(source.baseAddress) else { return true }
        return item.type.rawValue == item.tensor.type.rawValue ? repack(start, piece) : convert(start, piece)
    }

    /// Brings rows into the smaller type that they have in memory, and repacks them.
    private func convert(_ source: UnsafeRawPointer, _ piece: Piece) -> Bool {
        let item = piece.item
        let k = item.tensor.rowLength
        let rowByteCount = k / csk_block_elements(item.type) * csk_block_bytes(item.type)
        let rows = UnsafeMutableRawPointer.allocate(byteCount: piece.rows.count * rowByteCount, alignment: 64)
        defer { rows.deallocate() }
        let numbers = UnsafeMutablePointer<Float>.allocate(capacity: k)
        defer { numbers.deallocate() }
        for index in 0..<piece.rows.count {
            let row = source + index * item.tensor.rowByteCount
            csk_dequantise(csk_type(rawValue: item.tensor.type.rawValue), row, k, numbers)
            guard csk_quantise_q4_0(numbers, k, rows + index * rowByteCount) else { return false }
        }
        return repack(rows, piece)
    }

    private func repack(_ rows: UnsafeRawPointer, _ piece: Piece) -> Bool {
        let item = piece.item
        let tiles = (piece.rows.count + CSK_TILE_ROWS - 1) / CSK_TILE_ROWS
        let firstTile = piece.rows.lowerBound / Int(CSK_TILE_ROWS)
        let target = base + item.offset + firstTile * csk_tile_bytes(item.type, item.tensor.rowLength)
        return csk_repack(item.type, rows, piece.rows.count, item.tensor.rowLength, 0, tiles, target)
    }
}
