internal import COpenBLAS
package import CascadeCore
internal import CascadeModel
internal import Foundation

/// A model computed the plain way: dequantised weights, float activations, one matrix product after the other, the
/// whole text at once. What the engine's results are held against; slow, and without a cache.
package struct FloatReference {
    private let file: GGUFFile
    private let configuration: ModelConfiguration
    /// Whether keys and values are rounded to binary16, as in a KV cache.
    private let roundsCache: Bool

    /// Opens a model file.
    package init(path: String, roundsCache: Bool = true) throws {
        file = try GGUFFile(path: path)
        configuration = try ModelConfiguration(file)
        self.roundsCache = roundsCache
        openblas_set_num_threads(1)
    }

    /// Logits after each token: token-major, vocabulary numbers each. With `layers` the model is left behind that many.
    package func logits(_ tokens: [Token], layers: Int? = nil) throws -> [Float] {
        let c = configuration
        let n = tokens.count
        let embedding = try file.tensor(named: "token_embd.weight")
        var stream = try tokens.flatMap { try Dequantise.rows(embedding, of: file, first: Int($0), count: 1) }
        for layer in 0..<(layers ?? c.layers) {
            let name = "blk.\(layer)."
            let normed = try norm(stream, name + "attn_norm.weight", n)
            var query = try product(normed, name + "attn_q", n)
            var key = try product(normed, name + "attn_k", n)
            var value = try product(normed, name + "attn_v", n)
            rotate(&query, heads: c.heads, n)
            rotate(&key, heads: c.keyValueHeads, n)
            if roundsCache {
                key = key.map { Float(Float16($0)) }
                value = value.map { Float(Float16($0)) }
            }
            let attended = attend(query, key, value, n)
            stream = sum(stream, try product(attended, name + "attn_output", n))
            let second = try norm(stream, name + "ffn_norm.weight", n)
            let gate = try product(second, name + "ffn_gate", n)
            let up = try product(second, name + "ffn_up", n)
            let hidden = zip(gate, up).map { gate, up in gate / (1 + exp(-gate)) * up }
            stream = sum(stream, try product(hidden, name + "ffn_down", n))
        }
        let normed = try norm(stream, "output_norm.weight", n)
        return try product(normed, file.optionalTensor(named: "output.weight") == nil ? "token_embd" : "output", n)
    }

    private func sum(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + $1 } }

    private func norm(_ x: [Float], _ name: String, _ n: Int) throws -> [Float] {
        let weight = try Dequantise.rows(file.tensor(named: name), of: file, first: 0, count: 1)
        let width = configuration.width
        return (0..<n).flatMap { row in
            let values = x[row * width..<(row + 1) * width]
            let mean = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(width)
            let factor = Float(1 / (mean + Double(configuration.normEpsilon)).squareRoot())
            return zip(values, weight).map { $0 * factor * $1 }
        }
    }

    /// x times the transposed matrix `name.weight`, plus `name.bias` where there is one.
    private func product(_ x: [Float], _ name: String, _ n: Int) throws -> [Float] {
        let tensor = try file.tensor(named: name + ".weight")
        let (rows, k) = (tensor.rowCount, tensor.rowLength)
        var out = [Float](repeating: 0, count: n * rows)
        if let bias = file.optionalTensor(named: name + ".bias") {
            let values = try Dequantise.rows(bias, of: file, first: 0, count: 1)
            out = (0..<n).flatMap { _ in values }
        }
        // In slices of rows, so that a large head does not need gigabytes.
        for first in stride(from: 0, to: rows, by: 4_096) {
            let count = min(4_096, rows - first)
            let weights = try Dequantise.rows(tensor, of: file, first: first, count: count)
            out.withUnsafeMutableBufferPointer { out in
                guard let base = out.baseAddress else { return }
                cblas_sgemm(
                    CblasRowMajor,
                    CblasNoTrans,
                    CblasTrans,
                    blasint(n),
                    blasint(count),
                    blasint(k),
                    1,
                    x,
                    blasint(k),
                    weights,
                    blasint(k),
                    1,
                    base + first,
                    blasint(rows)
                )
            }
        }
        return out
    }

    private func rotate(_ x: inout [Float], heads: Int, _ n: Int) {
        let c = configuration
        let pairs = c.rotaryDimensions / 2
        for row in 0..<n {
            for head in 0..<heads {
                let start = (row * heads + head) * c.headSize
                for pair in 0..<pairs {
                    let angle = Double(row) * c.positionScale * pow(c.rotaryBase, -Double(pair) / Double(pairs))
                    let (sine, cosine) = (Float(sin(angle)), Float(cos(angle)))
                    let interleaved = c.architecture == .llama
                    let first = start + (interleaved ? 2 * pair : pair)
                    let second = first + (interleaved ? 1 : pairs)
                    (x[first], x[second]) = (
                        x[first] * cosine - x[second] * sine, x[first] * sine + x[second] * cosine
                    )
                }
            }
        }
    }

    private func attend(_ query: [Float], _ key: [Float], _ value: [Float], _ n: Int) -> [Float] {
        let c = configuration
        let size = c.headSize
        var out = [Float](repeating: 0, count: n * c.queryWidth)
        for row in 0..<n {
            for head in 0..<c.heads {
                let shared = head / (c.heads / c.keyValueHeads) * size
                let start = row * c.queryWidth + head * size
                let scores = (0...row).map { other in
                    let dot = (0..<size).reduce(0.0) { sum, d in
                        sum + Double(query[start + d]) * Double(key[other * c.keyValueWidth + shared + d])
                    }
                    return dot / Double(size).squareRoot()
                }
                let largest = scores.max() ?? 0
                let terms = scores.map { exp($0 - largest) }
                let total = terms.reduce(0, +)
                for d in 0..<size {
                    let sum = (0...row).reduce(0.0) { sum, other in
                        sum + terms[other] * Double(value[other * c.keyValueWidth + shared + d])
                    }
                    out[start + d] = Float(sum / total)
                }
            }
        }
        return out
    }
}
