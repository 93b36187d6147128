/// The tools a sandbox is made with.
struct SandboxTools: Sendable, Equatable {
    /// bubblewrap 0.7 or later.
    let bubblewrap: String
    /// util-linux's `setpriv`; only root needs it.
    let setpriv: String

    /// Finds the tools on the `PATH` of `environment`.
    ///
    /// - Throws: ``ExecutionError/isolation(causes:)``.
    init(environment: [String: String], isRoot: Bool) throws(ExecutionError) {
        guard let bubblewrap = Executable.find("bwrap", environment: environment) else {
            throw .isolation(causes: ["bwrap is not installed (not on PATH)"])
        }
        let setpriv = Executable.find("setpriv", environment: environment)
        if isRoot && setpriv == nil {
            throw .isolation(causes: ["setpriv is not installed (not on PATH; on Debian: apt-get install util-linux)"])
        }
        self.bubblewrap = bubblewrap
        self.setpriv = setpriv ?? ""
    }
}
