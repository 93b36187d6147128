extension Model {
    /// Opens and checks a file, reads its weights and repacks them on all cores. Nothing of the file is needed
    /// afterwards.
    package static func load(path: String, options: LoadOptions = LoadOptions()) throws(ModelError) -> Model {
        try load(ServableModel(path: path), options: options)
    }

    /// Checks a file that is open already, and takes its weights; see ``load(path:options:)``.
    package static func load(_ file: GGUFFile, options: LoadOptions = LoadOptions()) throws(ModelError) -> Model {
        try load(ServableModel(file), options: options)
    }

    /// Takes the weights of a file that was found fit; an error when somebody writes to it meanwhile, or has since it
    /// was opened.
    package static func load(
        _ model: ServableModel,
        options: LoadOptions = LoadOptions()
    ) throws(ModelError) -> Model {
        let (file, configuration) = (model.file, model.configuration)
        let plan = try WeightPlan(file: file, configuration: configuration, options: options)
        let memory = try MappedMemory(byteCount: plan.byteCount, purpose: "the weights of \(file.path)")
        try WeightLoader(file: file, plan: plan, base: memory.base).run()
        return Model(
            configuration: configuration,
            headTokens: options.headTokens,
            weights: plan.weights(at: memory.base),
            bytesPerPass: plan.bytesPerPass,
            memory: memory
        )
    }
}
