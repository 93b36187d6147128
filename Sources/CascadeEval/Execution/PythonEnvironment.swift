/// The environment of programs: nothing of the caller's.
enum PythonEnvironment {
    /// The variables, in a fixed order.
    static func variables(home: String) -> [(name: String, value: String)] {
        [
            ("PATH", "/usr/bin:/bin"), ("HOME", home), ("TMPDIR", home), ("LANG", "C.UTF-8"),
            // Sets of strings come in the same order every time, so a program passes or fails every time.
            ("PYTHONHASHSEED", "0"),
            // A thread for every core would exceed the limits on memory and processes on large machines.
            ("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1"),
        ]
    }

    /// Names that may be there inside: ours, and what bubblewrap and Python add.
    static let allowedNames = variables(home: "").map(\.name) + ["PWD", "LC_CTYPE"]
}
