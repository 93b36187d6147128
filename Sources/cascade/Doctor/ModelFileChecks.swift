internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import Foundation

/// The model files in `CASCADE_MODELS_DIR`.
enum ModelFileChecks {
    /// Looks at every file, and for the default pair.
    static func all(_ fetcher: ModelFetcher, hashes: Bool) async -> [DoctorCheck] {
        let directory = fetcher.directory.path
        guard let models = fetcher.installedModels() else {
            let state = FileAccess.isFolder(directory) ? "cannot be read" : "is not there"
            return [
                .problem(
                    "models",
                    "the models directory \(directory) \(state)",
                    advice: "fetch the default pair with \(fetchCommand(defaultPair)), "
                        + "or name the right directory in CASCADE_MODELS_DIR"
                )
            ]
        }
        var checks: [DoctorCheck] = []
        for model in models { checks.append(await check(model, fetcher, hashes: hashes)) }
        checks.append(pair(installed: models.compactMap(\.catalogue?.name), hasOthers: !models.isEmpty, directory))
        return checks
    }

    /// Whether the default pair is there.
    static func pair(installed: [String], hasOthers: Bool, _ directory: String) -> DoctorCheck {
        let missing = defaultPair.filter { !installed.contains($0) }
        guard !missing.isEmpty else { return .ok("models", "the default pair is in \(directory)") }
        let message = "\(missing.joined(separator: " and ")) of the default pair not in \(directory)"
        let advice = "fetch with \(fetchCommand(missing)), or name other models to 'cascade up'"
        // Somebody who keeps other models here may not want these.
        return hasOthers
            ? .warning("models", message, advice: advice) : .problem("models", message, advice: advice)
    }

    private static let defaultPair = [ModelCatalogue.defaultDrafter, ModelCatalogue.defaultExpert]

    private static func fetchCommand(_ names: [String]) -> String {
        "'cascade model fetch \(names.joined(separator: " "))'"
    }

    private static func check(_ model: InstalledModel, _ fetcher: ModelFetcher, hashes: Bool) async -> DoctorCheck {
        let name = "model \(model.url.lastPathComponent)"
        guard let expected = model.catalogue else {
            return servable(model, name, "\(model.bytes) bytes; not in the catalogue, so there is no hash to compare")
        }
        let advice = "remove \(model.url.path) and run \(fetchCommand([expected.name]))"
        guard model.bytes == expected.bytes else {
            return .problem(name, "\(model.bytes) bytes, not \(expected.bytes)", advice: advice)
        }
        guard hashes else { return servable(model, name, "\(model.bytes) bytes; hash not computed") }
        Output.note("checking the sha256 of \(model.url.lastPathComponent) …")
        do {
            let digest = try await fetcher.sha256(of: model.url)
            guard digest == expected.sha256 else {
                return .problem(name, "sha256 \(digest), not \(expected.sha256)", advice: advice)
            }
            return servable(model, name, "\(model.bytes) bytes, sha256 right")
        } catch {
            return .problem(name, "cannot be read: \(error)", advice: "see who may read \(model.url.path)")
        }
    }

    /// Right as a file; a warning where it cannot be served all the same.
    private static func servable(_ model: InstalledModel, _ name: String, _ message: String) -> DoctorCheck {
        do throws(ModelError) {
            _ = try ServableModel(path: model.url.path)
            return .ok(name, message)
        } catch {
            let advice = "leave it alone or remove it; 'cascade up' serves other models"
            return .warning(name, "\(message); cannot be served: \(error)", advice: advice)
        }
    }
}
