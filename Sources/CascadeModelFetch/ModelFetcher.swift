internal import CascadeHost
package import Foundation

/// Gets model files into one folder: from a catalogue of names, Hugging Face, a URL, or from where they already are.
///
/// A file appears under its final name only when it is complete and its SHA-256 is right. Until then it is
/// `NAME.partial`, which a later fetch goes on with, whatever source it comes from. One fetch at a time works on a
/// file; others wait for it. Cancelling the task ends every child process and keeps what arrived.
package struct ModelFetcher: Sendable {
    /// Where fetched files are kept.
    package let directory: URL
    let catalogue: ModelCatalogue
    let environment: [String: String]

    /// - Parameters:
    ///   - directory: where files are kept.
    ///   - catalogue: the names that `fetch` knows.
    ///   - environment: what children get; `PATH` says where they are found, `HF_ENDPOINT` names a mirror of Hugging
    ///     Face.
    package init(
        directory: URL,
        catalogue: ModelCatalogue = .standard,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.directory = directory
        self.catalogue = catalogue
        self.environment = environment
    }

    /// Files are kept where ``Places`` has models: in `CASCADE_MODELS_DIR` or `~/.cache/cascade/models`.
    ///
    /// - Throws: `fileSystem` where no home folder is known.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(ModelFetchError) {
        do {
            let models = try Places(environment: environment).models()
            self.init(directory: URL(fileURLWithPath: models, isDirectory: true), environment: environment)
        } catch {
            throw ModelFetchError(code: .fileSystem, message: "\(error)")
        }
    }

    /// The file at a path, if `reference` is one of a file that is there, and no other kind of reference.
    package static func file(_ reference: String) -> URL? {
        guard case .file(let url) = try? ModelReference(reference, catalogue: .standard, environment: [:]) else {
            return nil
        }
        return url
    }

    /// Where the file that `reference` means is, if it is there; asks no network and reads no file.
    ///
    /// A file that a fetch put there is whole; of one put there by hand only the length is looked at.
    package func installed(_ reference: String) -> URL? {
        switch try? ModelReference(reference, catalogue: catalogue, environment: environment) {
        case .file(let url): return url
        case .wanted(let wanted):
            let target = directory.appendingPathComponent(wanted.path)
            guard let stamp = FileSystem.stamp(target) else { return nil }
            return wanted.bytes == nil || wanted.bytes == stamp.bytes ? target : nil
        case nil: return nil
        }
    }

    /// Gets the file that `reference` means and returns where it is.
    ///
    /// - Parameters:
    ///   - reference: a catalogue name, `hf:OWNER/REPOSITORY/FILE`, an `http(s)` URL, or a path (which is returned).
    ///   - progress: told what happens, on any thread.
    /// - Throws: `ModelFetchError`, or `CancellationError` if the task is cancelled.
    package func fetch(
        _ reference: String,
        progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) async throws -> URL {
        switch try ModelReference(reference, catalogue: catalogue, environment: environment) {
        case .file(let url): return url
        case .wanted(let wanted): return try await fetch(wanted, progress)
        }
    }

    private func fetch(_ wanted: WantedFile, _ progress: @escaping @Sendable (FetchEvent) -> Void) async throws -> URL {
        let target = directory.appendingPathComponent(wanted.path)
        if try await isThere(wanted, at: target, progress) { return target }
        try FileSystem.makeDirectory(target.deletingLastPathComponent())
        let lock = try await FileLock.wait(target.appendingPathExtension("lock")) {
            progress(.notice("another fetch of \(wanted.name) is at work; waiting for it"))
        }
        defer { lock.release() }
        if isRecorded(wanted, at: target) { return target }
        var wanted = wanted
        var content = wanted.sha256.map { "sha256:\($0)" }
        if wanted.sha256 == nil {
            let probe = try await probe(wanted.url)
            (wanted.bytes, wanted.sha256) = (probe.bytes, probe.sha256)
            content = probe.sha256.map { "sha256:\($0)" } ?? probe.version.map { "\(wanted.url) \($0)" }
        }
        if let license = wanted.license { progress(.notice("weights under \(license)")) }
        let partial = try PartialFile(of: target, content: content)
        defer { partial.removeIfEmpty() }
        let digest = try await fill(partial, with: wanted, progress)
        try partial.commit(as: target)
        VerifiedRecord.save(for: target, sha256: digest, origin: wanted.url)
        return target
    }

    private func probe(_ url: String) async throws -> HTTPProbe {
        do {
            return try await HTTPSource(url: url, environment: environment).probe()
        } catch let error as ModelFetchError {
            throw error.withWayOut
        }
    }

    /// Whether the right file is at `target` and was verified before.
    private func isRecorded(_ wanted: WantedFile, at target: URL) -> Bool {
        guard let record = VerifiedRecord.load(for: target) else { return false }
        return wanted.sha256.map { $0 == record.sha256 } ?? (wanted.url == record.origin)
    }

    /// Whether the right file is at `target` already. Its digest is computed once and then remembered.
    private func isThere(
        _ wanted: WantedFile,
        at target: URL,
        _ progress: @Sendable (FetchEvent) -> Void
    ) async throws -> Bool {
        if isRecorded(wanted, at: target) { return true }
        guard let sha256 = wanted.sha256, let stamp = FileSystem.stamp(target) else { return false }
        guard VerifiedRecord.load(for: target) == nil, stamp.bytes == wanted.bytes else {
            progress(.notice("\(target.path) is not the \(wanted.name) of the catalogue; fetching that"))
            return false
        }
        progress(.checking)
        let actual = try await Checksum.sha256(of: target, environment: environment)
        guard actual == sha256 else {
            progress(.notice("\(target.path) has sha256 \(actual), not \(sha256); fetching \(wanted.name) anew"))
            return false
        }
        VerifiedRecord.save(for: target, sha256: actual, origin: wanted.url)
        return true
    }
}
