internal import CascadeCore
internal import Foundation

/// Nodes of one user on one host load and measure one after the other.
///
/// A pass that is measured while another process rearranges its weights looks twice as dear, and draft lengths follow
/// what was measured. Loading takes all cores anyway, so nobody is ready later for having waited.
enum LoadTurn {
    /// Runs `body` in a turn of its own, waiting for it at most that long; then, and where no lock can be had, without
    /// one: a node that hangs must not keep others from starting.
    static func take<Value>(waitingAtMost seconds: Double, _ body: () throws -> Value) rethrows -> Value {
        let path = FileManager.default.temporaryDirectory.appending(path: "cascade-load-\(getuid()).lock").path
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        defer { if descriptor >= 0 { close(descriptor) } }
        let started = MonotonicTime.now()
        while descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0,
            MonotonicTime.seconds(since: started) < seconds
        {
            usleep(20_000)
        }
        return try body()
    }
}
