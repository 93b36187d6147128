internal import CascadeModel
internal import CascadeModelFetch

extension ModelCatalogue {
    /// The names for people to choose from; a model that can be fetched but not served says so.
    var names: String {
        models.map { model in
            let isServed = ModelConfiguration.Architecture(rawValue: model.architecture) != nil
            return isServed ? model.name : "\(model.name) (cannot be served yet)"
        }.joined(separator: ", ")
    }
}
