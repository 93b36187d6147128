internal import CascadeModel
internal import CascadeModelFetch

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
