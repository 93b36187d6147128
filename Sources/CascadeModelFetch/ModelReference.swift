internal import Foundation

/// What a user's reference to a model means.
enum ModelReference: Equatable {
    /// A file that is there.
    case file(URL)
    /// A file to be fetched.
    case wanted(WantedFile)

    /// Reads a catalogue name, `hf:OWNER/REPOSITORY/FILE`, an `http(s)` URL or a path.
    ///
    /// - Throws: `unknownModel` for a malformed reference, `noSuchFile` for a path where nothing is.
    init(_ text: String, catalogue: ModelCatalogue, environment: [String: String]) throws(ModelFetchError) {
        let hub = environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
        if let model = catalogue.model(named: text) {
            self = .wanted(WantedFile(model, hub: hub))
        } else if text.hasPrefix("hf:") {
            self = .wanted(try Self.atHub(text, catalogue: catalogue, hub: hub))
        } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
            self = .wanted(try Self.atURL(text))
        } else {
            let url = URL(fileURLWithPath: text)
            guard FileSystem.stamp(url) != nil else {
                let names = catalogue.models.map(\.name).joined(separator: ", ")
                throw ModelFetchError(
                    code: .noSuchFile,
                    message: "\(text) is neither a file nor a model of the catalogue (\(names)); "
                        + "a reference is one of these names, hf:OWNER/REPOSITORY/FILE, a URL or a path"
                )
            }
            self = .file(url)
        }
    }

    private static func atHub(
        _ text: String,
        catalogue: ModelCatalogue,
        hub: String
    ) throws(ModelFetchError) -> WantedFile {
        let pieces = text.dropFirst(3).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard pieces.count >= 3, safe(pieces) else {
            throw ModelFetchError(
                code: .unknownModel,
                message: """
                    \(text): expected hf:OWNER/REPOSITORY/FILE, such as hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/x.gguf
                    """
            )
        }
        let repository = pieces[0...1].joined(separator: "/")
        let file = pieces[2...].joined(separator: "/")
        if let model = catalogue.model(repository: repository, file: file) {
            return WantedFile(model, hub: hub)
        }
        return WantedFile(
            name: text,
            path: "hf/\(repository)/\(file)",
            url: WantedFile.hubURL(hub, repository: repository, file: file),
            urlName: "Hugging Face"
        )
    }

    private static func atURL(_ text: String) throws(ModelFetchError) -> WantedFile {
        let address = text.prefix { $0 != "?" && $0 != "#" }
        let pieces = address.split(separator: "/", omittingEmptySubsequences: true).dropFirst().map(String.init)
        guard pieces.count >= 2, safe(pieces), !address.hasSuffix("/") else {
            throw ModelFetchError(code: .unknownModel, message: "\(text): a URL has to name a file")
        }
        let host = pieces[0].split(separator: "@").last.map(String.init) ?? pieces[0]
        return WantedFile(
            name: text,
            path: (["url", host] + pieces.dropFirst()).joined(separator: "/"),
            url: text,
            urlName: host
        )
    }

    /// Whether the pieces are names of folders and a file, and nothing that leads elsewhere.
    private static func safe(_ pieces: [String]) -> Bool {
        pieces.allSatisfy { piece in
            !piece.isEmpty && piece != "." && piece != ".."
                && piece.utf8.count <= 200 && piece.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 }
        }
    }
}

/// A file to be fetched, and all that is known of it beforehand.
struct WantedFile: Equatable {
    /// What the user called it.
    let name: String
    /// Its place below the models directory.
    let path: String
    /// Its length, if known.
    var bytes: Int?
    /// Its SHA-256, if known.
    var sha256: String?
    /// Where HTTP has it.
    let url: String
    /// How messages call that place.
    let urlName: String
    /// The packages that have it; empty if none do.
    var parts: [PackagePart] = []
    /// Something to say before it is fetched.
    var license: String?

    /// The address of a file at Hugging Face or at a mirror of it.
    static func hubURL(_ hub: String, repository: String, file: String) -> String {
        "\(hub)/\(repository)/resolve/main/\(file)"
    }
}

extension WantedFile {
    /// The catalogue's `model`.
    init(_ model: CatalogueModel, hub: String) {
        self.init(
            name: model.name,
            path: model.file,
            bytes: model.bytes,
            sha256: model.sha256,
            url: Self.hubURL(hub, repository: model.repository, file: model.file),
            urlName: "Hugging Face",
            parts: model.parts,
            license: model.license
        )
    }
}
