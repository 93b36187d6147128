package import CascadeCore

extension GGUFFile {
    /// A hash that tells model files apart without reading all of them: of the file's size, the header (metadata and
    /// tensor table) and, in the header's order, the first and the last 4 KiB of each tensor.
    ///
    /// Fine-tuned or otherwise quantised weights differ all over and so in the sample; a file that was changed only in
    /// bytes between the samples has the same hash. Two MB or so are read, a tensor shorter than 8 KiB as a whole.
    package func sampledFingerprint() -> Hash128 {
        withExtendedLifetime(self) {
            var hasher = Hasher128()
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: storage.bytes[..<header.end]))
            hasher.combine(UInt64(byteCount))
            for tensor in tensors {
                let data = bytes(of: tensor)
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: data.prefix(Self.sampleBytes)))
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: data.suffix(Self.sampleBytes)))
            }
            return hasher.finish()
        }
    }

    /// Bytes at either end of a tensor that the fingerprint reads.
    private static let sampleBytes = 4_096
}
