/// A GGUF file: keys with values, and tensors.
///
/// The whole header is checked when the file is opened, so that later nothing can point outside the file:
/// ```
/// "GGUF", version u32, tensor count u64, key count u64
/// per key:    name (length u64, bytes), type u32, value       (array: element type u32, count u64, elements)
/// per tensor: name, dimension count u32, lengths u64 each, type u32, offset u64 from the start of the data
/// padding to general.alignment (32 where the key is missing), then the tensors' data
/// ```
/// Everything is little-endian. Opening reads the header only; tensor data is read by whoever touches it.
package final class GGUFFile: Sendable {
    /// The file's path, or the name given with the bytes; error messages begin with it.
    package let path: String

    let storage: GGUFStorage
    let header: GGUFHeader

    /// Maps a file read-only and checks its header.
    package convenience init(path: String) throws(GGUFError) {
        try self.init(storage: GGUFStorage(mapping: path), path: path)
    }

    /// Takes bytes that did not come from a file, such as a tokenizer block; `name` stands for the path in errors.
    package convenience init(bytes: [UInt8], name: String) throws(GGUFError) {
        try self.init(storage: GGUFStorage(copying: bytes), path: name)
    }

    private init(storage: GGUFStorage, path: String) throws(GGUFError) {
        self.storage = storage
        self.path = path
        header = try GGUFHeader(reading: storage.bytes, path: path)
    }

    /// GGUF version of the file, 2 or 3.
    package var version: Int { Int(header.version) }

    /// Bytes of the file.
    package var byteCount: Int { storage.bytes.count }

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

    /// The bytes of a tensor of this file, on an 8-byte boundary at least.
    ///
    /// Valid as long as the file is alive: whoever keeps the pointer keeps the file, and a function that uses it after
    /// its last mention of the file wraps the use in `withExtendedLifetime(file)`.
    package func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
        precondition(header.tensorIndex[tensor.name].map { header.tensors[$0] == tensor } ?? false, "a foreign tensor")
        let range = tensor.fileOffset..<tensor.fileOffset + tensor.byteCount
        return UnsafeRawBufferPointer(rebasing: storage.bytes[range])
    }

    /// Gives back the memory of a tensor's pages, once its weights have been copied elsewhere. Touching them again
    /// reads them from the file again. Nothing happens to bytes that are not mapped.
    package func dropPages(of tensor: GGUFTensor) {
        storage.dropPages(tensor.fileOffset..<tensor.fileOffset + tensor.byteCount)
    }

    /// The same for some of a tensor's rows.
    package func dropPages(of tensor: GGUFTensor, rows: Range<Int>) {
        let start = tensor.fileOffset
        storage.dropPages(start + rows.lowerBound * tensor.rowByteCount..<start + rows.upperBound * tensor.rowByteCount)
    }
}
