package import Foundation

/// A model file in the models directory.
package struct InstalledModel: Sendable {
    /// Where it is.
    package var url: URL
    /// Its length.
    package var bytes: Int
    /// The catalogue's entry of that file name, where there is one.
    package var catalogue: CatalogueModel?
}

extension ModelFetcher {
    /// The GGUF files in the models directory, by name; nil when the directory cannot be read.
    package func installedModels() -> [InstalledModel]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path) else { return nil }
        return names.filter { $0.hasSuffix(".gguf") }.sorted().compactMap { name in
            let url = directory.appendingPathComponent(name)
            guard let stamp = FileSystem.stamp(url) else { return nil }
            return InstalledModel(url: url, bytes: stamp.bytes, catalogue: catalogue.model(named: name))
        }
    }

    /// The SHA-256 of a file, read anew whatever is remembered of it: 64 lower-case hexadecimal digits.
    package func sha256(of url: URL) async throws -> String {
        try await Checksum.sha256(of: url, environment: environment)
    }
}
