internal import Foundation

/// Network namespaces, by the names that `ip netns` gives them.
package enum NetworkNamespace {
    /// Moves this thread into a namespace: sockets belong to that of the thread which makes them. False where that
    /// cannot be done.
    package static func enter(_ name: String) -> Bool {
        // A glibc extension, which the module map hides; so is the constant.
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { return false }
        // What glibc's manual says of setns: int setns(int fd, int nstype).
        let setNamespace = unsafeBitCast(symbol, to: SetNamespace.self)
        let file = open("/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return setNamespace(file, 0x4000_0000) == 0
    }
}
