package import CascadeModel

/// A tiny model's file with some keys and tensors replaced, left out or added: the odd files that users bring.
package struct ModelVariant: Sendable {
    /// The tiny model that it is made of.
    package var model: String
    /// Keys with other values, and new ones.
    package var keys: [String: GGUFValue] = [:]
    /// Tensors of another type or shape, and new ones; all zeros.
    package var tensors: [String: Zeros] = [:]
    /// Keys and tensors that are left out.
    package var missing: Set<String> = []

    /// A tensor without data.
    package struct Zeros: Sendable {
        package var type: TensorType
        package var shape: [Int]

        package init(_ type: TensorType, _ shape: [Int]) {
            (self.type, self.shape) = (type, shape)
        }
    }

    /// Creates a variant.
    package init(
        of model: String = "tiny-llama.f16",
        keys: [String: GGUFValue] = [:],
        tensors: [String: Zeros] = [:],
        without missing: Set<String> = []
    ) {
        (self.model, self.keys, self.tensors, self.missing) = (model, keys, tensors, missing)
    }

    /// The file's bytes.
    package func bytes() throws -> [UInt8] {
        let source = try GGUFFile(path: Fixtures.modelPath(model))
        var writer = GGUFWriter()
        for entry in source.entries where keys[entry.key] == nil && !missing.contains(entry.key) {
            writer.add(entry, of: source)
        }
        for (key, value) in keys.sorted(by: { $0.key < $1.key }) { writer.add(key, value) }
        for tensor in source.tensors where tensors[tensor.name] == nil && !missing.contains(tensor.name) {
            writer.addTensor(tensor.name, tensor.type, shape: tensor.shape, bytes: try source.bytes(of: tensor))
        }
        for (name, zeros) in tensors.sorted(by: { $0.key < $1.key }) {
            let rows = zeros.shape.dropFirst().reduce(1, *)
            let count = (zeros.type.byteCount(rowOf: zeros.shape[0]) ?? 0) * rows
            writer.addTensor(name, zeros.type, shape: zeros.shape, bytes: [UInt8](repeating: 0, count: count))
        }
        return writer.bytes()
    }

    /// The file, in memory, called `variant.gguf`.
    package func file() throws -> GGUFFile { try GGUFFile(bytes: bytes(), name: "variant.gguf") }
}
