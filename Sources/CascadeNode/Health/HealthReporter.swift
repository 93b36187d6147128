/// Keeps a process's health file fresh. While nothing changes it is only touched: a file that is written and moved into its
/// place waits for the disk, on a thread that shall never wait.
struct HealthReporter {
    private var written: ProcessHealth?

    /// Reports how this process is.
    mutating func report(role: String, state: String, note: String) {
        let health = ProcessHealth(role: role, state: state, note: note)
        if health == written, health.touch() { return }
        health.write()
        written = health
    }
}
