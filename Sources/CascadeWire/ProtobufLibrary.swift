internal import CCascadeProto

/// The protobuf-c library that this process runs with.
package enum ProtobufLibrary {
    /// Its version, e.g. `1.4.1`.
    package static var version: String { String(cString: protobuf_c_version()) }
}
