import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeModel

/// What is worked out before loading, beside what the process then has.
@Suite(.serialized) struct MemoryNeedTests {
    /// Bytes of memory that are this process's own.
    private static func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) * 1_024
    }

    /// Uses every page of the cache and every row of a pass.
    private static func fill(_ engine: Engine) throws -> [SequenceCache] {
        var random = SeededGenerator(seed: 3)
        var caches: [SequenceCache] = []
        while engine.pagesFree > 0 {
            let count = min(engine.maximumLength, engine.pagesFree * Engine.pageTokens)
            let tokens = (0..<count).map { _ in Token.random(in: 0..<500, using: &random) }
            caches.append(engine.makeCache())
            let rows = min(count, engine.options.maximumLogits)
            try engine.forward([Segment(cache: caches[caches.count - 1], tokens: tokens, logits: rows)])
        }
        return caches
    }

    private func check(_ path: String, _ load: LoadOptions, _ options: EngineOptions) throws {
        let file = try GGUFFile(path: path)
        let need = try MemoryNeed(file: file, load: load, engine: options)
        let before = try Self.resident()
        let engine = try Engine(model: Model.load(file, options: load), options: options)
        let caches = try Self.fill(engine)
        let grown = try Self.resident() - before
        withExtendedLifetime(caches) {}
        let ratio = Double(need.total) / Double(grown)
        #expect((0.9...1.1).contains(ratio), "\(path): worked out \(need), grown by \(grown)")
    }

    @Test(arguments: ["tiny-llama.Q4_K_M", "tiny-llama.f32", "tiny-qwen2.f16"])
    func tinyModels(_ name: String) throws {
        var options = EngineOptions(threads: 2, contextTokens: 32_768)
        try check(Fixtures.modelPath(name), LoadOptions(), options)
        options.sled = SLEDSettings(layers: [1], rate: 2)
        try check(Fixtures.modelPath(name), LoadOptions(), options)
    }

    @Test(
        .enabled(if: RealModel.smolLM2.isTestable, "\(RealModel.skipReason([.smolLM2]))"),
        arguments: [LoadOptions(), LoadOptions(headTokens: Array(0..<8_192), quantization: .q4_0)]
    )
    func smolLM2(_ load: LoadOptions) throws {
        try check(RealModel.smolLM2.path, load, EngineOptions(threads: 2, contextTokens: 1_024))
    }

    @Test(
        .enabled(if: RealModel.coderHalfBillion.isTestable, "\(RealModel.skipReason([.coderHalfBillion]))"),
        arguments: [LoadOptions(), LoadOptions(headTokens: Array(0..<32_768), quantization: .q4_0)]
    )
    func coder(_ load: LoadOptions) throws {
        try check(RealModel.coderHalfBillion.path, load, EngineOptions(threads: 2, contextTokens: 512))
    }

    @Test func whatCannotBeLoadedIsNotWorkedOut() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        #expect(throws: ModelError.self) {
            try MemoryNeed(file: file, load: LoadOptions(headTokens: []), engine: EngineOptions(threads: 1))
        }
        #expect(throws: ModelError.self) {
            try MemoryNeed(file: file, load: LoadOptions(), engine: EngineOptions(threads: 0))
        }
    }
}
