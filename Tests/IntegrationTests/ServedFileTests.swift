import CascadeCore
import CascadeModel
import CascadeTestSupport
import Foundation
import Testing

/// Model files as users have them, with real processes: what is served is what was asked for.
@Suite(.serialized) struct ServedFileTests {
    /// A folder that goes with the test.
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "served-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func copy(_ model: String, to folder: URL, as name: String = "model.gguf") throws -> URL {
        let url = folder.appending(path: name)
        try FileManager.default.copyItem(at: URL(filePath: model), to: url)
        return url
    }

    private func overwrite(_ url: URL, _ range: Range<Int>) throws {
        let handle = try FileHandle(forUpdating: url)
        try handle.seek(toOffset: UInt64(range.lowerBound))
        try handle.write(contentsOf: Data(repeating: 0, count: range.count))
        try handle.close()
    }

    private func size(_ url: URL) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int)
    }

    // MARK: The same model

    /// A download with a hole: zeros in the middle of one matrix. Alone it can be served; beside the whole file it
    /// would answer otherwise.
    @Test(.timeLimit(.minutes(1)))
    func aDamagedCopyDoesNotJoinThePool() async throws {
        try await withFolder { folder in
            let holes = try copy(ClusterTests.expert, to: folder)
            let matrix = try GGUFFile(path: holes.path).tensor(named: "blk.1.ffn_down.weight")
            try overwrite(holes, matrix.fileOffset + 4_096..<matrix.fileOffset + matrix.byteCount - 4_096)
            let cluster = try TestCluster()
            try cluster.start(.expert, model: ClusterTests.expert)
            try await cluster.waitForReady(1)
            let damaged = await (try cluster.start(.expert, model: holes.path)).result()
            #expect(damaged.code == 4)
            #expect(damaged.errors.contains("pool default, whose experts must all be tiny-llama"), "\(damaged.errors)")
            for path in [holes.path, ClusterTests.expert] {
                #expect(damaged.errors.contains(try GGUFFile(path: path).fingerprint().description))
            }
            // Another copy of the whole file joins.
            try cluster.start(.expert, model: try copy(ClusterTests.expert, to: folder, as: "same.gguf").path)
            try await cluster.waitForReady(2)
        }
    }

    // MARK: Files that change

    @Test(.timeLimit(.minutes(1)))
    func aFileThatChangesUnderItsNode() async throws {
        try await withFolder { folder in
            let model = try copy(ClusterTests.expert, to: folder)
            let prompts = ClusterTests.prompts
            let reference = try await Generated.run(model: ClusterTests.expert, texts: prompts, maxTokens: 32)
            let cluster = try TestCluster()
            let node = try cluster.start(.expert, model: model.path)
            try await cluster.waitForReady(1)
            func check(_ what: String) async throws {
                for (prompt, expected) in zip(prompts, reference) {
                    let arguments = ["submit", prompt, "--raw", "--json", "--max-tokens", "32"]
                    let answer = try Answer(await cluster.client(arguments))
                    #expect(answer.tokens == expected.tokens, "\(what): \(prompt)")
                }
                #expect(!node.isDone, "\(what): \(node.errors)")
            }
            try await check("as it was")
            try overwrite(model, 0..<size(model))
            try await check("overwritten")
            #expect(truncate(model.path, 4_096) == 0)
            try await check("cut short")
            try FileManager.default.removeItem(at: model)
            try await check("removed")
        }
    }

    /// Nodes load one after the other: with the turn taken, a node has read the header and waits.
    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func aFileThatChangesWhileItIsLoaded(isCut: Bool) async throws {
        try await withFolder { folder in
            let model = try copy(ClusterTests.expert, to: folder)
            let lock = open(folder.appending(path: "cascade-load-\(getuid()).lock").path, O_RDWR | O_CREAT, 0o600)
            defer { close(lock) }
            #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
            let cluster = try TestCluster()
            let node = try cluster.start(.expert, model: model.path, environment: ["TMPDIR": folder.path])
            try await waitUntil("the node waits for its turn") { node.errors.contains("loading") }
            if isCut {
                #expect(truncate(model.path, off_t(try size(model) / 2)) == 0)
            } else {
                try overwrite(model, size(model) / 2..<size(model))
            }
            #expect(flock(lock, LOCK_UN) == 0)
            let result = await node.result()
            #expect(result.code == 1)
            #expect(result.errors.contains("\(model.path): file: expected no change while it is read"))
            #expect(!result.errors.contains("Fatal error"))
        }
    }

    // MARK: One verdict

    private struct Inspected: Decodable {
        var problem: String?
    }

    /// Files that cannot be served, and some that can.
    private static let odd: [(name: String, variant: ModelVariant)] = {
        let head: [String: ModelVariant.Zeros] = ["output.weight": .init(.bf16, [256, 512])]
        let tokens = (try? GGUFFile(path: Fixtures.modelPath("tiny-llama.f16")).strings("tokenizer.ggml.tokens")) ?? []
        let few = GGUFValue.strings(Array(tokens.prefix(500)))
        let kinds = GGUFValue.array(.int32, Array(repeating: .int32(1), count: 500))
        return [
            ("whole", ModelVariant()),
            ("bf16", ModelVariant(tensors: head)),
            ("iq4", ModelVariant(tensors: ["blk.1.ffn_up.weight": .init(.iq4_nl, [256, 512])])),
            ("q5", ModelVariant(tensors: ["blk.1.ffn_up.weight": .init(.q5_1, [256, 512])])),
            ("split", ModelVariant(keys: ["split.no": .uint16(0), "split.count": .uint16(2)])),
            ("tokens", ModelVariant(keys: ["tokenizer.ggml.tokens": few, "tokenizer.ggml.token_type": kinds])),
            ("yarn", ModelVariant(keys: ["llama.rope.scaling.type": .string("yarn")])),
            ("linear", ModelVariant(keys: ["llama.rope.scaling.factor": .float32(4)])),
            ("window", ModelVariant(keys: ["llama.attention.sliding_window": .uint32(64)])),
            ("frequencies", ModelVariant(tensors: ["rope_freqs.weight": .init(.f32, [32])])),
            ("bias", ModelVariant(tensors: ["blk.0.attn_output.bias": .init(.f32, [256])])),
            ("missing", ModelVariant(without: ["blk.2.ffn_up.weight"])),
            ("shape", ModelVariant(tensors: ["blk.2.ffn_down.weight": .init(.f16, [256, 512])])),
            ("architecture", ModelVariant(keys: ["general.architecture": .string("gemma3")])),
            ("pre", ModelVariant(keys: ["tokenizer.ggml.pre": .string("llama-bpe")])),
            ("unigram", ModelVariant(keys: ["tokenizer.ggml.model": .string("t5")])),
            ("no-pre", ModelVariant(without: ["tokenizer.ggml.pre"])),
            ("end", ModelVariant(keys: ["tokenizer.ggml.eos_token_id": .uint32(600)])),
            ("padding", ModelVariant(keys: ["tokenizer.ggml.padding_token_id": .uint32(600)])),
        ]
    }()

    @Test(.timeLimit(.minutes(3)))
    func inspectSaysWhatANodeDoes() async throws {
        try await withFolder { folder in
            var served: [String] = []
            for (name, variant) in Self.odd {
                let file = folder.appending(path: "\(name).gguf")
                try Data(variant.bytes()).write(to: file)
                let inspect = try await CascadeProcess.run(["model", "inspect", "--model", file.path, "--json"])
                let report = try JSONDecoder().decode(Inspected.self, from: Data(inspect.output.utf8))
                #expect(inspect.code == (report.problem == nil ? 0 : 1), "\(name): \(inspect.errors)")
                let score = try await CascadeProcess.run(["model", "score", "--model", file.path, "Hello"])
                guard let problem = report.problem else {
                    #expect(score.code == 0, "\(name): \(score.errors)")
                    served.append(name)
                    continue
                }
                #expect(problem.hasPrefix(file.path))
                let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
                let node = try await CascadeProcess.run(["expert", "--model", file.path, "--endpoint", endpoint])
                let cluster = ["up", "--endpoint", endpoint, "--expert", file.path]
                let pair = try await CascadeProcess.run(cluster + ["--drafter", ClusterTests.drafter])
                let one = try await CascadeProcess.run(cluster + ["--roles", "coordinator,expert"])
                for result in [score, node, pair, one] {
                    #expect(result.code == 1, "\(name)")
                    #expect(result.errors.contains(problem), "\(name): \(result.errors)")
                }
            }
            #expect(served == ["whole", "linear", "padding"])
            let doctor = try await CascadeProcess.run(
                ["doctor", "--json", "--no-hash", "--endpoint", "tcp://127.0.0.1:\(try TCPSocket.freePort())"],
                environment: ["CASCADE_MODELS_DIR": folder.path]
            )
            #expect(doctor.output.ranges(of: "cannot be served: ").count == Self.odd.count - served.count)
        }
    }

    @Test func namesOfModelsThatCannotBeServedSaySo() async throws {
        let help = try await CascadeProcess.run(["model", "fetch", "--help"])
        #expect(help.output.replacing(/\s+/, with: " ").contains("gemma-3-270m (cannot be served yet)"))
        // Before anything is fetched, here for want of a folder.
        let fetch = try await CascadeProcess.run(
            ["model", "fetch", "gemma-3-270m"],
            environment: ["CASCADE_MODELS_DIR": "/proc/nowhere"]
        )
        #expect(fetch.code == 1 && fetch.errors.contains("gemma-3-270m cannot be served yet"), "\(fetch)")
        let unknown = try await CascadeProcess.run(["model", "inspect", "--model", "no-such-model"])
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("qwen2.5-coder-1.5b, smollm2-135m, gemma-3-270m (cannot be served yet)"))
    }

    /// Token 0 of the tiny models is a control token in the one and text in the other.
    @Test func pairsThatDifferAreToldByTokensAsTheyStandInTheFile() async throws {
        try await withFolder { folder in
            let source = try GGUFFile(path: ClusterTests.drafter)
            var texts = try source.strings("tokenizer.ggml.tokens")
            let kinds = try source.integers("tokenizer.ggml.token_type")
            let control = try #require(kinds.firstIndex(of: 3))
            texts[control] = Array("<|other\u{1B}|>".utf8)
            let file = folder.appending(path: "other.gguf")
            let keys = ["tokenizer.ggml.tokens": GGUFValue.strings(texts)]
            try Data(ModelVariant(of: "tiny-llama.Q4_K_M", keys: keys).bytes()).write(to: file)
            let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
            let up = try await CascadeProcess.run([
                "up", "--drafter", file.path, "--expert", ClusterTests.expert, "--endpoint", endpoint,
            ])
            #expect(up.code == 1)
            let words = #"token \#(control) is "<|other\u{1B}|>" in the one and "<|"#
            #expect(up.errors.contains(words), "\(up.errors)")
        }
    }
}
