internal import CascadeCore
internal import CascadeHost
internal import Foundation

/// Nodes of one user on one host load and measure one after the other.
///
/// A pass that is measured while another process rearranges its weights looks twice as dear, and draft lengths follow
/// what was measured. Loading takes all cores anyway, so nobody is ready later for having waited.
enum LoadTurn {
    /// Runs `body` in a turn of its own, waiting for it at most that long; then, and where no lock can be had, without
    /// one: a node that hangs must not keep others from starting, and no more must another user who made the file.
    static func take<Value>(
        waitingAtMost seconds: Double,
        path: String = path,
        _ body: () throws -> Value
    ) rethrows -> Value {
        let descriptor = try? OwnFile.open(path)
        defer { if let descriptor { close(descriptor) } }
        let started = MonotonicTime.now()
        while let descriptor, flock(descriptor, LOCK_EX | LOCK_NB) != 0,
            MonotonicTime.seconds(since: started) < seconds
        {
            usleep(20_000)
        }
        return try body()
    }

    private static var path: String {
        FileManager.default.temporaryDirectory.appending(path: "cascade-load-\(getuid()).lock").path
    }
}
