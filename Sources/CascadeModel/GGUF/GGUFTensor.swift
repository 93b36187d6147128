/// One tensor of a GGUF file: its name, how it is stored, and where.
package struct GGUFTensor: Sendable, Equatable {
    /// The tensor's name, such as `blk.0.attn_q.weight`.
    package let name: String
    /// How its numbers are stored.
    package let type: TensorType
    /// Lengths, fastest first: `shape[0]` is the row length (ggml's ne0). 1 to 4 entries, all positive.
    package let shape: [Int]
    /// Offset of its first byte in the file.
    package let fileOffset: Int
    /// Its size in the file: ``rowCount`` times ``rowByteCount``.
    package let byteCount: Int

    /// Numbers in a row.
    package var rowLength: Int { shape[0] }

    /// Rows: the product of all lengths but the first.
    package var rowCount: Int { shape.dropFirst().reduce(1, *) }

    /// Bytes of a row.
    package var rowByteCount: Int { rowLength / type.blockSize * type.bytesPerBlock }

    /// Numbers in the tensor.
    package var elementCount: Int { rowLength * rowCount }
}
