import CascadeFuzzing
import Foundation

// What libFuzzer, whose `main` this program has, calls. `deploy/fuzz` builds and runs it.

/// Which target takes the inputs.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["CASCADE_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("CASCADE_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue)), not '\(name)'")
    }
    return target
}()

/// Takes one input; a broken promise or a trap ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do throws(FuzzFailure) {
        try target.run(Array(UnsafeBufferPointer(start: data, count: size)))
    } catch {
        fatalError("broken promise: \(error)")
    }
    return 0
}

/// Changes the `size` bytes at `data`, where there is room for `maximum`; returns how many they are then.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int, _ seed: CUnsignedInt) -> Int {
    // One in four as libFuzzer does: what is no protobuf has to come too.
    guard target == .messages, seed % 4 != 0 else { return mutateBytes(data, size, maximum) }
    var mutator = FrameMutator(seed: UInt64(seed))
    let input = mutator.mutate(Array(UnsafeBufferPointer(start: data, count: size)))
    guard input.count <= maximum, !input.isEmpty else { return mutateBytes(data, size, maximum) }
    data.update(from: input, count: input.count)
    return input.count
}

/// libFuzzer's own mutations. A C function of pointers and integers, for which Swift's way of calling is C's.
@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int) -> Int

extension [UInt8] {
    /// The bytes after one of libFuzzer's mutations, at most `room` more.
    func mutated(room: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Swift.max(1, count + room)) { buffer, length in
            _ = buffer.initialize(fromContentsOf: self)
            guard let start = buffer.baseAddress else { return }
            length = mutateBytes(start, count, buffer.count)
        }
    }
}
