internal import CZeroMQ

/// The ZeroMQ library that this process runs with.
package enum ZeroMQLibrary {
    /// Its version, e.g. `4.3.4`.
    package static var version: String {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }
}
