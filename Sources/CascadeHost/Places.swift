internal import Foundation

/// Where this program's files lie: below the user's home folder, unless the environment says otherwise.
///
/// `HOME` counts everywhere; without it the password database does. A `HOME` or an `XDG_…` variable that is empty or
/// relative is ignored, as the XDG Base Directory Specification wants it. Nothing is looked at or made here.
package struct Places: Sendable {
    private let environment: [String: String]
    private let accountHome: @Sendable () -> String?

    /// - Parameters:
    ///   - environment: this process's own, but for tests.
    ///   - accountHome: the home folder that the password database has; nil where it has none.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        accountHome: @escaping @Sendable () -> String? = { Places.accountHome }
    ) {
        self.environment = environment
        self.accountHome = accountHome
    }

    /// The user's home folder.
    ///
    /// - Throws: ``PlaceError`` where neither `HOME` nor the password database names one.
    package func home() throws(PlaceError) -> String {
        if let home = absolute("HOME") ?? accountHome(), home.hasPrefix("/") { return home }
        throw PlaceError(variable: "HOME")
    }

    /// Settings and secrets: `$XDG_CONFIG_HOME/cascade`, else `~/.config/cascade`.
    package func config() throws(PlaceError) -> String {
        try base("XDG_CONFIG_HOME", ".config")
    }

    /// What can be had again: `$XDG_CACHE_HOME/cascade`, else `~/.cache/cascade`.
    package func cache() throws(PlaceError) -> String {
        try base("XDG_CACHE_HOME", ".cache")
    }

    /// What shall outlive a restart and is of this machine alone: `$XDG_STATE_HOME/cascade`, else
    /// `~/.local/state/cascade`.
    package func state() throws(PlaceError) -> String {
        try base("XDG_STATE_HOME", ".local/state")
    }

    /// Records, logs and sockets of clusters that run here: `run` below ``state()``.
    package func run() throws(PlaceError) -> String {
        "\(try state())/run"
    }

    /// The folder for sockets and the like that the system makes for a user's log-in, `XDG_RUNTIME_DIR`; nil where
    /// there is none.
    package var runtime: String? { absolute("XDG_RUNTIME_DIR") }

    /// Keys of clusters: `keys` below ``config()``.
    package func keys() throws(PlaceError) -> String {
        "\(try config())/keys"
    }

    /// Model files: `CASCADE_MODELS_DIR`, else `models` below ``cache()``.
    package func models() throws(PlaceError) -> String {
        try own("CASCADE_MODELS_DIR", "models")
    }

    /// Data sets: `CASCADE_DATA_DIR`, else `data` below ``cache()``.
    package func data() throws(PlaceError) -> String {
        try own("CASCADE_DATA_DIR", "data")
    }

    /// This user's home folder in the password database; nil where it has none.
    package static var accountHome: String? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 1 << 16)
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, let home = found?.pointee.pw_dir else {
            return nil
        }
        return String(cString: home)
    }

    private func base(_ variable: String, _ folder: String) throws(PlaceError) -> String {
        if let base = absolute(variable) { return "\(base)/cascade" }
        do {
            return "\(try home())/\(folder)/cascade"
        } catch {
            throw PlaceError(variable: variable)
        }
    }

    private func own(_ variable: String, _ folder: String) throws(PlaceError) -> String {
        if let set = environment[variable], !set.isEmpty { return URL(fileURLWithPath: set).path }
        do {
            return "\(try cache())/\(folder)"
        } catch {
            throw PlaceError(variable: variable)
        }
    }

    /// An absolute path in a variable, without a slash at its end.
    private func absolute(_ variable: String) -> String? {
        guard var path = environment[variable], path.hasPrefix("/") else { return nil }
        while path.count > 1, path.last == "/" { path.removeLast() }
        return path
    }
}

/// No home folder is known, so that a file has no place.
package struct PlaceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the user can set instead of `HOME`.
    package let variable: String

    package var description: String {
        let other = variable == "HOME" ? "" : ", or \(variable),"
        return "no home folder is known: HOME names none and the password database has none for user \(getuid()); "
            + "set HOME\(other) to a folder of yours"
    }
}
