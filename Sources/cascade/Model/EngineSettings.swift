internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode

/// How a model verb runs its engine.
struct EngineSettings: ParsableArguments {
    @Option(help: "Compute threads (default: the cores this process may use).")
    var threads: Int?

    @Option(help: "Maximum number of tokens in one text, prompt and answer.")
    var ctxSize = 4_096

    @OptionGroup(title: "SLED") var sled: SLEDOptions

    func validate() throws {
        try Limits.check("--threads", threads, in: Limits.threads)
        try Limits.check("--ctx-size", ctxSize, in: Limits.context)
    }

    /// Loads the model and makes an engine for it; errors name the file and the cause.
    func engine(_ model: ServableModel) throws -> Engine {
        do {
            let model = try Model.load(model)
            let options = EngineOptions(
                threads: threads ?? AvailableCores.count(),
                contextTokens: ctxSize,
                sled: sled.settings
            )
            return try Engine(model: model, options: options)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }
}
