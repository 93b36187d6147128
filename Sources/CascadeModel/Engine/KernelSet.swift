internal import CCascadeKernels
internal import Glibc

/// The kernels that an engine computes with.
///
/// `@unchecked Sendable`: points to one of the C target's constant tables.
package struct KernelSet: @unchecked Sendable {
    /// Names of the sets, the best first. All compute the same bits.
    package static let names = ["avx512", "avx2", "generic"]

    let table: csk_kernels

    /// The best set for this machine, or the one that the environment's `CASCADE_KERNELS` names.
    package static func selected() throws(ModelError) -> KernelSet {
        try KernelSet(named: getenv("CASCADE_KERNELS").map { String(cString: $0) })
    }

    /// The set of that name, or with nil or an empty name the best one.
    package init(named name: String?) throws(ModelError) {
        let name = name.flatMap { $0.isEmpty ? nil : $0 }
        let selected = name.map { csk_select($0) } ?? csk_select(nil)
        guard let selected else { throw .unknownKernels(name ?? "") }
        table = selected.pointee
    }

    /// The set's name.
    package var name: String { String(cString: table.name) }
}
