/// A GGUF file: keys with values, and tensors.
///
/// The whole header is checked when the file is opened, so that later nothing can point outside the file:
/// ```
/// "GGUF", version u32, tensor count u64, key count u64
/// per key:    name (length u64, bytes), type u32, value       (array: element type u32, count u64, elements)
/// per tensor: name, dimension count u32, lengths u64 each, type u32, offset u64 from the start of the data
/// padding to general.alignment (32 where the key is missing), then the tensors' data
/// ```
/// Everything is little-endian. Opening reads the header only; tensor data is read when it is asked for.
package final class GGUFFile: Sendable {
    let storage: GGUFStorage
    let header: GGUFHeader

    /// Opens a file and checks its header.
    package convenience init(path: String) throws(GGUFError) {
        try self.init(storage: GGUFStorage(opening: path))
    }

    /// Takes bytes that did not come from a file, such as a tokenizer block; `name` stands for the path in errors.
    package convenience init(bytes: [UInt8], name: String) throws(GGUFError) {
        try self.init(storage: GGUFStorage(copying: bytes, name: name))
    }

    private init(storage: GGUFStorage) throws(GGUFError) {
        self.storage = storage
        header = try GGUFHeader(reading: storage)
        try storage.trim(to: header.end)
    }

    /// The file's path, or the name given with the bytes; error messages begin with it.
    package var path: String { storage.path }

    /// GGUF version of the file, 2 or 3.
    package var version: Int { Int(header.version) }

    /// Bytes of the file.
    package var byteCount: Int { storage.byteCount }

    /// What each tensor's offset is a multiple of.
    package var alignment: Int { header.alignment }

    /// All tensors, in the file's order.
    package var tensors: [GGUFTensor] { header.tensors }

    /// The tensor of that name, or nil.
    package func optionalTensor(named name: String) -> GGUFTensor? {
        header.tensorIndex[name].map { header.tensors[$0] }
    }

    /// The tensor of that name.
    package func tensor(named name: String) throws(GGUFError) -> GGUFTensor {
        if let tensor = optionalTensor(named: name) { return tensor }
        throw GGUFError(
            code: .missing,
            path: path,
            subject: "tensor '\(name)'",
            offset: nil,
            expected: "a tensor of that name",
            found: "none among \(tensors.count)"
        )
    }

    /// The bytes of a tensor of this file, or of some of its rows.
    package func bytes(of tensor: GGUFTensor, rows: Range<Int>? = nil) throws(GGUFError) -> [UInt8] {
        let rows = rows ?? 0..<tensor.rowCount
        var bytes = [UInt8](repeating: 0, count: rows.count * tensor.rowByteCount)
        var failure: GGUFError?
        bytes.withUnsafeMutableBytes { memory in
            do throws(GGUFError) { try read(rows, of: tensor, into: memory) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads some rows of a tensor of this file into memory of their size. Threads may do so side by side.
    func read(
        _ rows: Range<Int>,
        of tensor: GGUFTensor,
        into memory: UnsafeMutableRawBufferPointer
    ) throws(GGUFError) {
        precondition(header.tensorIndex[tensor.name].map { header.tensors[$0] == tensor } ?? false, "a foreign tensor")
        precondition(0...tensor.rowCount ~= rows.upperBound, "rows outside the tensor")
        let start = tensor.fileOffset
        let range = start + rows.lowerBound * tensor.rowByteCount..<start + rows.upperBound * tensor.rowByteCount
        try storage.read(range, into: memory)
    }

    /// Throws when somebody has written to the file, or cut it short, since it was opened.
    func checkUnchanged() throws(GGUFError) { try storage.checkUnchanged() }

    /// Closes the file. Keys and tensors stay known; tensors can no longer be read.
    package func close() { storage.closeDescriptor() }
}
