internal import Foundation

/// Descriptors 0 to 2, however this process was started.
package enum StandardStreams {
    /// Puts something in the place of standard streams that are closed, so that no file that is opened later is taken
    /// for one. What is put there refuses to be read or written, as the closed stream would: errors stay errors.
    package static func fillGaps() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is given out, and those below are taken.
            _ = open("/dev/null", mode)
        }
    }
}
