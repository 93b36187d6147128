internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import CascadeText
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

extension ModelCatalogue {
    /// The names for people to choose from; a model that can be fetched but not served says so.
    var names: String {
        models.map { $0.isServed ? $0.name : "\($0.name) (cannot be served yet)" }.joined(separator: ", ")
    }
}

extension CatalogueModel {
    /// Whether it can be served, not just fetched.
    var isServed: Bool { ModelConfiguration.Architecture(rawValue: architecture) != nil }
}

/// Whether models can be served, and two of them work as a pair.
enum PairCheck {
    /// Throws with both names and the first token in which they differ.
    static func check(drafter: ServableModel, expert: ServableModel) throws(CommandFailure) {
        let (draft, verify) = (drafter.tokenizer, expert.tokenizer)
        let (small, large) = (draft.vocabulary, verify.vocabulary)
        guard small.hash != large.hash else { return }
        let names = "\(name(drafter)) and \(name(expert)) cannot work as a pair: "
        // As it stands in the file: a control token shows as nothing.
        for token in 0..<Token(min(small.count, large.count)) where draft.text(of: token) != verify.text(of: token) {
            throw CommandFailure.failed(
                names + "token \(token) is \(quoted(draft.text(of: token))) in the one and "
                    + "\(quoted(verify.text(of: token))) in the other"
            )
        }
        if small.count != large.count {
            throw CommandFailure.failed(names + "they have \(small.count) and \(large.count) tokens")
        }
        throw CommandFailure.failed(
            names + "their tokens are equal but not their kinds (end tokens \(small.endTokens) and \(large.endTokens))"
        )
    }

    /// Opens a model; throws when it cannot be served.
    static func open(_ path: String) throws(CommandFailure) -> ServableModel {
        do throws(ModelError) {
            return try ServableModel(path: path)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private static func name(_ model: ServableModel) -> String { URL(filePath: model.file.path).lastPathComponent }

    private static func quoted(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription
    }
}
