import CascadeTestSupport
import Foundation

@testable import cascade

/// A launcher that spoils system calls of the process behind it: strace's injection.
enum SystemCalls {
    static let want = "strace may not be used here: install it, and allow ptrace"

    /// Whether tests can do that here.
    static let isAvailable: Bool = {
        let line = ["strace", "-o", "/dev/null", "true"]
        let end = try? Process.run(URL(filePath: "/usr/bin/env"), arguments: line)
        end?.waitUntilExit()
        return end?.terminationStatus == 0
    }()

    /// Whether tests that need it are to run: where they are required they fail rather than being left out.
    static let isWanted = isAvailable || Requirement.strace.isSet

    /// The launcher for one injection, e.g. `fdatasync:error=EIO:when=4+`, perhaps into calls on one file alone. The
    /// process stays its parent's child (`-D`).
    static func injecting(_ injection: String, path: String? = nil) -> [String] {
        let call = injection.prefix { $0 != ":" }
        let file = path.map { ["-P", $0] } ?? []
        return ["/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null"] + file
            + ["-e", "trace=\(call)", "-e", "inject=\(injection)"]
    }
}
