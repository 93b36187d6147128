extension Model {
    /// Maps the file, checks it, and repacks its weights on all cores; the file's pages are given back as they are
    /// used up, so memory stays near the weights' size. Embedding rows stay in the file.
    package static func load(path: String, options: LoadOptions = LoadOptions()) throws(ModelError) -> Model {
        try load(wrapped { () throws(GGUFError) in try GGUFFile(path: path) }, options: options)
    }

    /// Takes the weights of a file that is open already; see ``load(path:options:)``.
    package static func load(_ file: GGUFFile, options: LoadOptions = LoadOptions()) throws(ModelError) -> Model {
        let configuration = try ModelConfiguration(file)
        let plan = try WeightPlan(file: file, configuration: configuration, options: options)
        let memory = try MappedMemory(byteCount: plan.byteCount, purpose: "the weights of \(file.path)")
        try WeightLoader(file: file, plan: plan, base: memory.base).run()
        return Model(
            file: file,
            configuration: configuration,
            headTokens: options.headTokens,
            weights: plan.weights(at: memory.base),
            memory: memory
        )
    }
}
