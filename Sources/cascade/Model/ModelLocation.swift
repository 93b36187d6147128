internal import CascadeModelFetch
internal import Foundation

/// Finds the file behind a model's name or path.
enum ModelLocation {
    /// The path; an error that says how to fetch the model where it is not there.
    static func resolve(_ reference: String) throws -> String {
        // A path needs no folder of models, which needs a home folder.
        if let url = ModelFetcher.file(reference) { return url.path }
        if let url = try fetcher().installed(reference) { return url.path }
        if ModelCatalogue.standard.model(named: reference) != nil {
            throw CommandFailure.failed(
                "\(reference) is not there yet; fetch it with 'cascade model fetch \(reference)'"
            )
        }
        throw CommandFailure.failed(
            "no model file at \(reference), and no model of that name; known names: \(ModelCatalogue.standard.names)"
        )
    }

    /// What fetches models into the folder of models, and finds them there.
    static func fetcher() throws(CommandFailure) -> ModelFetcher {
        do throws(ModelFetchError) {
            return try ModelFetcher()
        } catch {
            throw .failed("\(error)")
        }
    }
}
