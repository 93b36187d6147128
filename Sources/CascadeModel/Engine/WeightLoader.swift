internal import CCascadeKernels
internal import CascadeCore
internal import Dispatch
internal import Synchronization

/// Copies a plan's tensors from the file into the weights' memory, on all cores.
///
/// `@unchecked Sendable`: the file's bytes are only read, and every piece of work writes memory of its own.
struct WeightLoader: @unchecked Sendable {
    /// Some rows of one item; whole tiles, but for the last ones of a matrix.
    private struct Piece {
        var item: WeightPlan.Item
        var rows: Range<Int>
    }

    /// Bytes of the file that one piece reads, about: small enough for a core's cache to hold what it repacks, large
    /// enough that giving back pages is rare.
    private static let pieceByteCount = 1 << 20

    private let file: GGUFFile
    private let plan: WeightPlan
    private let base: UnsafeMutableRawPointer

    init(file: GGUFFile, plan: WeightPlan, base: UnsafeMutableRawPointer) {
        self.file = file
        self.plan = plan
        self.base = base
    }

    /// Copies everything; throws when a weight is infinite or not a number.
    func run() throws(ModelError) {
        let items = plan.order.compactMap { plan.items[$0] }
        let pieces = items.flatMap(pieces(of:))
        let firstBroken = Atomic(pieces.count)
        DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
            if !copy(pieces[index]) { firstBroken.min(index, ordering: .relaxed) }
        }
        // Pages that two pieces shared, and those that the system read ahead.
        for item in items { file.dropPages(of: item.tensor) }
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

    /// Whether all numbers of the piece are finite.
    private func copy(_ piece: Piece) -> Bool {
        let (item, rows) = (piece.item, piece.rows)
        let bytes = file.bytes(of: item.tensor)
        guard let source = bytes.baseAddress else { return true }
        guard item.kind == .matrix else {
            let values = UnsafeMutableRawBufferPointer(start: base + item.offset, count: bytes.count)
            values.copyMemory(from: bytes)
            return values.bindMemory(to: Float.self).allSatisfy(\.isFinite)
        }
        let rowByteCount = item.tensor.rowByteCount
        let taken = item.taken.map { $0[rows] }
        let isSound: Bool
        if item.type.rawValue == item.tensor.type.rawValue, taken == nil {
            isSound = repack(source + rows.lowerBound * rowByteCount, piece)
        } else {
            let tokens = taken.map { Array($0) } ?? rows.map { Token($0) }
            isSound = convert(tokens.map { source + Int($0) * rowByteCount }, piece)
        }
        let first = taken?.first.map(Int.init) ?? rows.lowerBound
        let last = taken?.last.map(Int.init) ?? rows.upperBound - 1
        file.dropPages(of: item.tensor, rows: first..<last + 1)
        return isSound
    }

    /// Gathers rows of the file, in the type that they have in memory, and repacks them.
    private func convert(_ sources: [UnsafeRawPointer], _ piece: Piece) -> Bool {
        let item = piece.item
        let (k, type) = (item.tensor.rowLength, csk_type(rawValue: item.tensor.type.rawValue))
        let rowByteCount = k / csk_block_elements(item.type) * csk_block_bytes(item.type)
        let rows = UnsafeMutableRawPointer.allocate(byteCount: sources.count * rowByteCount, alignment: 64)
        defer { rows.deallocate() }
        let numbers = UnsafeMutablePointer<Float>.allocate(capacity: k)
        defer { numbers.deallocate() }
        for (index, source) in sources.enumerated() {
            let row = rows + index * rowByteCount
            if type == item.type {
                row.copyMemory(from: source, byteCount: rowByteCount)
            } else {
                csk_dequantise(type, source, k, numbers)
                guard csk_quantise_q4_0(numbers, k, row) else { return false }
            }
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
