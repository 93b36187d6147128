import Foundation
import Testing

@testable import CascadeModelFetch

struct ReferenceTests {
    private func wanted(_ text: String, hub: String? = nil) throws -> WantedFile? {
        let environment = hub.map { ["HF_ENDPOINT": $0] } ?? [:]
        switch try ModelReference(text, catalogue: .standard, environment: environment) {
        case .wanted(let file): return file
        case .file: return nil
        }
    }

    @Test(arguments: ["qwen2.5-coder-1.5b", "Qwen2.5-Coder-1.5B-Instruct", "expert"])
    func catalogueNames(name: String) throws {
        let file = try #require(try wanted(name))
        #expect(file.path == "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")
        #expect(file.bytes == 1_117_320_768)
        #expect(
            file.url
                == "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/\(file.path)"
        )
    }

    @Test func aHubReferenceToACatalogueFileIsTheCatalogues() throws {
        let reference = "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        #expect(try wanted(reference) == wanted("qwen2.5-coder-0.5b"))
    }

    @Test func otherHubFilesGetAFolderOfTheirOwn() throws {
        let file = try #require(try wanted("hf:a/b/c/d.gguf", hub: "https://mirror.example"))
        #expect(file.path == "hf/a/b/c/d.gguf")
        #expect(file.url == "https://mirror.example/a/b/resolve/main/c/d.gguf")
        #expect(file.sha256 == nil && file.parts.isEmpty)
    }

    @Test func urlsGetAFolderPerHostAndKeepTheirQuery() throws {
        let file = try #require(try wanted("https://user:word@host.example:8443/x/y.gguf?download=true"))
        #expect(file.path == "url/host.example:8443/x/y.gguf")
        #expect(file.url == "https://user:word@host.example:8443/x/y.gguf?download=true")
        #expect(file.urlName == "host.example:8443")
    }

    @Test(arguments: [
        "hf:a", "hf:a/b", "hf:a/b/", "hf:a//b/c", "hf:a/b/../c", "hf:a/b/c d", "hf:../b/c",
        "https://host.example", "https://host.example/", "https://host.example/a/../../b", "https://host.example/a/",
    ])
    func malformedReferences(text: String) {
        #expect(throws: ModelFetchError.self) { try wanted(text) }
    }

    @Test func pathsAreReturnedOrRefused() async throws {
        let fetcher = ModelFetcher(directory: FileManager.default.temporaryDirectory)
        #expect(try await fetcher.fetch(#filePath) == URL(fileURLWithPath: #filePath))
        #expect(fetcher.installed(#filePath) == URL(fileURLWithPath: #filePath))
        let error = try await fetchError { try await fetcher.fetch("/nowhere/model.gguf") }
        #expect(error.code == .noSuchFile)
        #expect(error.message.contains("qwen2.5-coder-0.5b"))
        #expect(fetcher.installed("/nowhere/model.gguf") == nil)
    }

    @Test func theFolderComesFromTheEnvironment() throws {
        #expect(try ModelFetcher(environment: ["CASCADE_MODELS_DIR": "/a/b"]).directory.path == "/a/b")
        #expect(try ModelFetcher(environment: ["HOME": "/home/x"]).directory.path == "/home/x/.cache/cascade/models")
    }
}

struct CatalogueTests {
    @Test(arguments: ModelCatalogue.standard.models.map(\.name))
    func isConsistent(name: String) throws {
        let model = try #require(ModelCatalogue.standard.model(named: name))
        #expect(model.parts.reduce(0) { $0 + $1.bytes } == model.bytes)
        #expect(Checksum.hexDigest(model.sha256) == model.sha256)
        #expect(model.parts.allSatisfy { Checksum.hexDigest($0.wheelSHA256) == $0.wheelSHA256 })
        #expect(Set(model.parts.map(\.wheelSHA256)).count == model.parts.count)
        #expect(Set(model.parts.map(\.requirement)).count == model.parts.count)
        #expect(([model.name] + model.aliases).allSatisfy { $0 == $0.lowercased() })
    }

    @Test func namesAreUniqueAndTheDefaultsAreThere() {
        let catalogue = ModelCatalogue.standard
        let names = catalogue.models.flatMap { [$0.name, $0.file.lowercased()] + $0.aliases }
        #expect(Set(names).count == names.count)
        #expect(catalogue.model(named: ModelCatalogue.defaultDrafter) != nil)
        #expect(catalogue.model(named: ModelCatalogue.defaultExpert) != nil)
        #expect(catalogue.model(named: "no such model") == nil)
    }
}
