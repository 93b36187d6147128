internal import CascadeHost
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
        if let what = obstacle(at: reference) {
            throw CommandFailure.failed("\(reference) is not a model file: \(what)")
        }
        throw CommandFailure.failed(
            "no model file at \(reference), and no model of that name; known names: \(ModelCatalogue.standard.names)"
        )
    }

    /// What is at a path in a file's place, in words; nil where there is nothing.
    static func obstacle(at path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            // A link is there even where it leads nowhere.
            if code == ENOENT, let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
                return "it is a link to \(target), where there is nothing"
            }
            return [ENOENT, ENOTDIR].contains(code) ? nil : SystemError.text(code)
        }
        return switch status.st_mode & S_IFMT {
        case S_IFDIR: "it is a folder"
        case S_IFIFO: "it is a pipe, and a model is read in any order"
        case S_IFSOCK: "it is a socket"
        case S_IFCHR, S_IFBLK: "it is a device"
        default: nil
        }
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
