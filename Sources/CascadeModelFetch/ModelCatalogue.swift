/// The models that `cascade model fetch` knows by name.
package struct ModelCatalogue: Sendable {
    package let models: [CatalogueModel]

    package init(models: [CatalogueModel]) {
        self.models = models
    }

    /// The model called `name`, by name, alias or file name; letter case does not matter.
    package func model(named name: String) -> CatalogueModel? {
        let wanted = name.lowercased()
        return models.first { model in
            model.name == wanted || model.file.lowercased() == wanted || model.aliases.contains(wanted)
        }
    }

    /// The model that Hugging Face keeps as `file` in `repository`, if the catalogue has it.
    func model(repository: String, file: String) -> CatalogueModel? {
        models.first { $0.repository == repository && $0.file == file }
    }
}
